"""`python -m throughgate.contracts_gen.compat [--base REV]`: no event type breaks with what was committed.

Invariant: a breaking change is a new type (`.v2`) beside the old one, never a change under the same name.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from throughgate.contracts_gen.artefacts import ROOT
from throughgate.contracts_gen.compatibility import Schema, breaks
from throughgate.contracts_gen.schemas import FOLDER


def committed(base: str, root: Path) -> dict[str, Schema]:
    """The schemas of a revision, by event type. Raises subprocess.CalledProcessError for an unknown revision."""
    names = _git(root, "ls-tree", "-r", "--name-only", base, "--", f"{FOLDER}/").split()
    return {_type(name): json.loads(_git(root, "show", f"{base}:{name}")) for name in names if name.endswith(".json")}


def working(root: Path) -> dict[str, Schema]:
    """The schemas as they stand in the working tree, by event type."""
    return {_type(path.name): json.loads(path.read_bytes()) for path in sorted((root / FOLDER).glob("*.json"))}


def broken(old: Mapping[str, Schema], new: Mapping[str, Schema]) -> list[str]:
    """One sentence per break, naming type and field."""
    found = []
    for name, schema in sorted(old.items()):
        if name in new:
            found += [f"{name}: {each}" for each in breaks(schema, new[name])]
        else:
            found.append(f"{name}: the type is gone")
    return found


def main(arguments: Sequence[str], *, root: Path = ROOT) -> int:
    """The exit code: 1 when something breaks, 2 when there is nothing to compare with."""
    parser = argparse.ArgumentParser(prog="python -m throughgate.contracts_gen.compat", description=__doc__)
    parser.add_argument("--base", default="HEAD", help="the revision to compare with (default: HEAD)")
    base = parser.parse_args(arguments).base
    try:
        old = committed(base, root)
    except subprocess.CalledProcessError as error:
        print(f"{base} cannot be read: {error.stderr.strip()}", file=sys.stderr)
        return 2
    found = broken(old, working(root))
    for sentence in found:
        print(sentence, file=sys.stderr)
    if found:
        print("A breaking change is a new type beside the old one.", file=sys.stderr)
    return 1 if found else 0


def _git(root: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True, text=True).stdout


def _type(name: str) -> str:
    return Path(name).name.removesuffix(".json")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
