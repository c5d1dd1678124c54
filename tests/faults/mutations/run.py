"""Breaks a copy of the tree, one listed mutation at a time, and says which suite noticed: `make mutations`.

Exit code 0 only if every mutation turned its suite red. The tree itself is never touched.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.faults.mutations.listed import MUTATIONS
from tests.faults.mutations.mutation import Mutation

ROOT = Path(__file__).resolve().parents[3]
COPIED = ("chassis", "contracts", "deploy", "services", "tests", "throughgate", "pyproject.toml", "requirements")
PACKAGES = (".", "contracts", *(f"services/{path.name}" for path in sorted((ROOT / "services").iterdir())))
RED, GREEN = 1, 0


class OutOfDate(Exception):
    """The text that a mutation replaces does not stand exactly once in its file any more."""


def broken(text: str, mutation: Mutation) -> str:
    """The file's text with the mutation in it. Raises OutOfDate."""
    if text.count(mutation.old) != 1:
        raise OutOfDate(f"{mutation.name}: its text stands {text.count(mutation.old)} times in {mutation.file}")
    return text.replace(mutation.old, mutation.new)


def copy_tree(into: Path) -> None:
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, into / name, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
        elif source.exists():
            shutil.copy2(source, into / name)


def turns_red(mutation: Mutation, *, timeout_s: float = 1500) -> int:
    """The exit code of the mutation's suite over a copy that holds it: 1 is red. Raises OutOfDate."""
    with tempfile.TemporaryDirectory(prefix="throughgate-mutation-", ignore_cleanup_errors=True) as folder:
        tree = Path(folder)
        copy_tree(tree)
        file = tree / mutation.file
        file.write_text(broken(file.read_text(encoding="utf-8"), mutation), encoding="utf-8")
        path = os.pathsep.join(str(tree / package) for package in PACKAGES)
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:randomly", *mutation.suite],
            cwd=tree,
            env={**os.environ, **dict(mutation.environment), "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout_s,
        )
    return done.returncode


def main(names: list[str]) -> int:
    stayed = []
    for mutation in MUTATIONS:
        if names and mutation.name not in names:
            continue
        code = turns_red(mutation)
        if code != RED:
            stayed.append(mutation.name)
        word = {RED: "red", GREEN: "STAYED GREEN"}.get(code, f"did not run (pytest ended {code})")
        sys.stdout.write(f"{mutation.name}: {word}  ({' '.join(mutation.suite)})\n")
        sys.stdout.flush()
    sys.stdout.write(f"stayed green: {', '.join(stayed) or 'none'}\n")
    return 1 if stayed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
