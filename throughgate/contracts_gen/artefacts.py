"""Generated files on disk: written as they should be, or compared with what should be there.

Invariant: a generated folder holds what is generated and nothing else, so a file that is left over is drift too.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[2]
"""The repository."""

Files = Mapping[PurePosixPath, bytes]


def as_json(value: object) -> bytes:
    """JSON with sorted keys, one member a line, ending in a newline."""
    return (json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


def differences(files: Files, folders: Iterable[PurePosixPath], root: Path = ROOT) -> list[str]:
    """One sentence per file that is missing, differs, or is left over in one of the folders."""
    found = []
    for path, wanted in sorted(files.items()):
        place = root / path
        if not place.is_file():
            found.append(f"{path} is missing")
        elif place.read_bytes() != wanted:
            found.append(f"{path} is not what the code says")
    return [*found, *(f"{path} is left over" for path in _left_over(files, folders, root))]


def write(files: Files, folders: Iterable[PurePosixPath], root: Path = ROOT) -> list[str]:
    """Makes the folders hold exactly the files; one sentence per change."""
    changes = differences(files, folders, root)
    for path, wanted in files.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if not place.is_file() or place.read_bytes() != wanted:
            place.write_bytes(wanted)
    for path in _left_over(files, folders, root):
        (root / path).unlink()
    return changes


def _left_over(files: Files, folders: Iterable[PurePosixPath], root: Path) -> list[PurePosixPath]:
    there = (
        PurePosixPath(place.relative_to(root).as_posix())
        for folder in folders
        for place in sorted((root / folder).rglob("*"))
        if place.is_file()
    )
    return [path for path in there if path not in files]
