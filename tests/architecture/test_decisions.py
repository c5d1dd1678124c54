"""Decisions are pages of one shape: listed, complete, and kept by something that exists."""

import re
from pathlib import Path

import pytest

from tests.support.source import ROOT

FOLDER = ROOT / "docs/adr"
PAGES = sorted(FOLDER.glob("[0-9]*.md"))
PARTS = ("Status: ", "**Context.**", "**Decision.**", "**Consequences.**", "**Alternatives.**", "**Kept by.**")


def test_pages_are_numbered_and_listed() -> None:
    assert [int(page.name[:4]) for page in PAGES] == list(range(1, len(PAGES) + 1))
    listed = re.findall(r"\]\((\d{4}-[a-z0-9-]+\.md)\)", (FOLDER / "README.md").read_text(encoding="utf-8"))
    assert listed == [page.name for page in PAGES]


@pytest.mark.parametrize("page", [*PAGES, FOLDER / "template.md"], ids=lambda page: page.stem)
def test_a_page_has_every_part_in_order(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    places = [text.find(part) for part in PARTS]
    assert -1 not in places
    assert places == sorted(places)
    assert len(text.split()) < 600, "a decision is a page"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_keeps_a_decision_exists(page: Path) -> None:
    kept_by = page.read_text(encoding="utf-8").partition("**Kept by.**")[2]
    named = re.findall(r"tests/[\w/.]*\w", kept_by)
    assert named
    assert [path for path in named if not (ROOT / path).exists()] == []
