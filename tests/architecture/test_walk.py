"""docs/architecture.md follows one event by file and function; what it names must be there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "architecture.md"
STEPS = re.findall(r"\[([\w'’ ]+?)\]\((\.\./[\w./-]+\.py)\)", PAGE.read_text(encoding="utf-8"))


def test_the_walk_is_long_enough_to_be_one() -> None:
    assert len(STEPS) > 20


@pytest.mark.parametrize(("name", "path"), STEPS)
def test_every_step_of_the_walk_is_there(name: str, path: str) -> None:
    code = (PAGE.parent / path).resolve().read_text(encoding="utf-8")
    assert " " in name or re.search(rf"^\s*(async def|def|class) {name}\b", code, re.MULTILINE), f"{name} in {path}"
