"""`python -m throughgate.contracts_gen` writes the generated contracts; `--check` only says what would change."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from throughgate.contracts_gen import openapi, schemas, states
from throughgate.contracts_gen.artefacts import ROOT, differences, write
from throughgate.contracts_gen.asyncapi import asyncapi_files

FOLDERS = (schemas.FOLDER, openapi.FOLDER, states.FOLDER)


def generated() -> dict[PurePosixPath, bytes]:
    """Every generated file, by its path in the repository."""
    return {**schemas.schema_files(), **openapi.openapi_files(), **asyncapi_files(), **states.state_files()}


def main(arguments: Sequence[str], *, root: Path = ROOT) -> int:
    """The exit code: 1 when `--check` found drift."""
    parser = argparse.ArgumentParser(prog="python -m throughgate.contracts_gen", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail and name what would change")
    check = parser.parse_args(arguments).check
    files = generated()
    found = differences(files, FOLDERS, root) if check else write(files, FOLDERS, root)
    for sentence in found:
        print(sentence if check else f"{sentence}: mended", file=sys.stderr if check else sys.stdout)
    if check and found:
        print("Run `make schemas` and commit what it changes.", file=sys.stderr)
    return 1 if check and found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
