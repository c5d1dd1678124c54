"""SECURITY.md promises nothing that no test shows: each row of the table names tests, and they are there."""

import re

from tests.support.source import ROOT

ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in (ROOT / "SECURITY.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith("| threat")
]
PATH = re.compile(r"tests/[\w./*-]+")


def test_every_threat_has_what_stops_it_and_a_test_that_is_there() -> None:
    assert len(ROWS) > 15
    for threat, *rest in ROWS:
        assert len(rest) == 2, threat
        stops, shown = rest
        assert stops, threat
        paths = PATH.findall(shown)
        assert paths, f"{threat}: no test"
        for path in paths:
            assert list(ROOT.glob(path)), f"{threat}: {path} is not there"
            assert (ROOT / path).suffix == ".py", f"{threat}: {path} names no file"


def test_no_threat_is_there_twice() -> None:
    threats = [row[0] for row in ROWS]
    assert len(set(threats)) == len(threats)
