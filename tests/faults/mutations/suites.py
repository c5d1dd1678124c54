"""Runs a suite over a tree that is not this one, and says what it said.

Invariant: red is a test that failed and nothing else. A suite that cannot be imported, whose fixtures break, that
selects nothing or skips all, says nothing of what it was to notice.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PACKAGES = (".", "contracts", *(f"services/{path.name}" for path in sorted((ROOT / "services").iterdir())))
_PASSED, _FAILED = 0, 1
"""How pytest ends; above that it was not collected, not understood, or found nothing."""
_HOW = ("-q", "-x", "-p", "no:randomly")
_COUNT = re.compile(r"(\d+) (passed|failed)")


class Outcome(StrEnum):
    """What a suite says of a tree."""

    GREEN = "green"
    RED = "red"
    SILENT = "did not run"


@dataclass(frozen=True, slots=True)
class Suite:
    """A pytest selection: places, the options that choose among them, and the environment they need."""

    places: tuple[str, ...]
    options: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Said:
    """What came of a run, and the end of what it printed."""

    outcome: Outcome
    tail: str


def together(suites: Iterable[Suite]) -> list[Suite]:
    """The same selections in as few runs: what differs in places alone is one."""
    places: dict[tuple[tuple[str, ...], tuple[tuple[str, str], ...]], dict[str, None]] = {}
    for suite in suites:
        places.setdefault((suite.options, suite.environment), {}).update(dict.fromkeys(suite.places))
    return [Suite(tuple(each), options, environment) for (options, environment), each in places.items()]


def said_of(tree: Path, suite: Suite, *, timeout_s: float = 1500) -> Said:
    """What the suite says of this tree; it ends at the first failure."""
    path = os.pathsep.join(str(tree / package) for package in PACKAGES)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *_HOW, *suite.places, *suite.options],
        cwd=tree,
        env={**os.environ, "HYPOTHESIS_PROFILE": "found-is-enough", **dict(suite.environment), "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout_s,
    )
    lines = done.stdout.strip().splitlines() or [""]
    counts = {word: int(count) for count, word in _COUNT.findall(lines[-1])}
    return Said(_outcome(done.returncode, counts), "\n".join([*lines[-30:], done.stderr[-1000:]]))


def _outcome(code: int, counts: Mapping[str, int]) -> Outcome:
    if code == _PASSED and counts.get("passed"):
        return Outcome.GREEN
    if code == _FAILED and counts.get("failed"):
        return Outcome.RED
    return Outcome.SILENT
