"""Breaks a copy of the tree, one listed mutation at a time, and says which suite noticed: `make mutations`.

First the suites run over a copy in which nothing is broken: what is red there notices nothing. Exit code 0 only if all
were green then, and every mutation turned its suite red. The tree itself is never touched.
"""

import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.mutations.listed import MUTATIONS
from tests.faults.mutations.mutation import Mutation
from tests.faults.mutations.suites import ROOT, Outcome, Said, Suite, said_of, together

_BEING_COMPILED = "*.pyc.*"
"""Gone before it could be copied: whoever runs beside this writes compiled files under such names first."""
COPIED = (
    *("chassis", "contracts", "deploy", "services", "tests", "throughgate"),
    *("docker-compose.yml", "pyproject.toml", "requirements"),
)


class OutOfDate(Exception):
    """The text that a mutation replaces does not stand exactly once in its file any more."""


def broken(text: str, mutation: Mutation) -> str:
    """The file's text with the mutation in it. Raises OutOfDate."""
    if text.count(mutation.old) != 1:
        raise OutOfDate(f"{mutation.name}: its text stands {text.count(mutation.old)} times in {mutation.file}")
    return text.replace(mutation.old, mutation.new)


def suite_of(mutation: Mutation) -> Suite:
    """Its selection: from the first option on it chooses among the places before."""
    first = next((at for at, word in enumerate(mutation.suite) if word.startswith("-")), len(mutation.suite))
    return Suite(mutation.suite[:first], mutation.suite[first:], mutation.environment)


def unbroken(mutations: Iterable[Mutation], *, timeout_s: float = 5400) -> Iterator[tuple[Suite, Said]]:
    """What the suites of these mutations say of a copy in which nothing is broken."""
    for suite in together(suite_of(mutation) for mutation in mutations):
        with _copy() as tree:
            yield suite, said_of(tree, suite, timeout_s=timeout_s)


def over_mutation(mutation: Mutation) -> Said:
    """What the mutation's suite says of a copy that holds it. Raises OutOfDate."""
    with _copy() as tree:
        file = tree / mutation.file
        file.write_text(broken(file.read_text(encoding="utf-8"), mutation), encoding="utf-8")
        return said_of(tree, suite_of(mutation))


@contextmanager
def _copy() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="throughgate-mutation-", ignore_cleanup_errors=True) as folder:
        tree = Path(folder)
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, tree / name, ignore=shutil.ignore_patterns(_BEING_COMPILED))
            elif source.exists():
                shutil.copy2(source, tree / name)
        yield tree


def main(names: list[str]) -> int:
    if unknown := set(names) - {mutation.name for mutation in MUTATIONS}:
        _tell(f"no such mutation: {', '.join(sorted(unknown))}")
        return 1
    chosen = [mutation for mutation in MUTATIONS if not names or mutation.name in names]
    for suite, said in unbroken(chosen):
        _tell(f"nothing broken: {said.outcome}  ({' '.join((*suite.places, *suite.options))})")
        if said.outcome is not Outcome.GREEN:
            _tell(said.tail)
            return 1
    unnoticed = []
    for mutation in chosen:
        said = over_mutation(mutation)
        _tell(f"{mutation.name}: {said.outcome}  ({' '.join(mutation.suite)})")
        if said.outcome is not Outcome.RED:
            unnoticed.append(mutation.name)
            _tell(said.tail)
    _tell(f"not noticed: {', '.join(unnoticed) or 'none'}")
    return 1 if unnoticed else 0


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
