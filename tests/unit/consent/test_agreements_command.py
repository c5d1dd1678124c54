"""`throughgate agreements check` and `diff`, on files alone."""

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from tests.support.consent_world import ROOT
from throughgate.cli import app

DEFAULT = ROOT / "deploy/agreements/north-isa-1.0.0.yaml"


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    """The default agreement as 1.1.0: youth leaves clause 2.1, and MAPPA no longer asks for management."""
    text = yaml.safe_load(DEFAULT.read_text()) | {"version": "1.1.0"}
    clauses = {clause["id"]: clause for clause in text["clauses"]}
    clauses["2.1"]["flows"] = [{"from": ["prison", "probation"], "to": ["police"]}]
    clauses["2.1"]["categories"] = ["identity"]
    clauses["5.1"]["conditions"] = []
    path = tmp_path / "draft.yaml"
    path.write_text(yaml.safe_dump(text))
    return path


def test_check_passes_the_default_agreement() -> None:
    found = CliRunner().invoke(app, ["agreements", "check", str(DEFAULT), "--json"])
    assert found.exit_code == 0
    said = json.loads(found.stdout)
    assert (said["agreement"], said["version"], said["breaches"]) == ("north-isa", "1.0.0", [])


def test_check_names_the_clause_and_the_sentence_and_exits_1(draft: Path) -> None:
    found = CliRunner().invoke(app, ["agreements", "check", str(draft), "--json"])
    assert found.exit_code == 1
    (breach,) = json.loads(found.stdout)["breaches"]
    assert breach["clause"] == "5.1"
    assert breach["sentence"].startswith("Criminal Justice Act 2003 s.325")


def test_diff_says_cell_by_cell_what_changes(draft: Path) -> None:
    found = CliRunner().invoke(app, ["agreements", "diff", str(draft), "--with", str(DEFAULT), "--json"])
    rows = json.loads(found.stdout)
    removed = {(row["source"], row["recipient"], row["category"]) for row in rows if row["change"] == "removed"}
    assert ("prison", "youth", "identity") in removed
    assert ("prison", "police", "release-date") in removed
    assert ("prison", "police", "identity") not in removed
    assert {row["clause"] for row in rows if row["change"] == "changed"} == {"5.1"}
    assert not [row for row in rows if row["change"] == "added"]


def test_a_file_that_is_no_agreement_is_refused_by_its_place(tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text("id: north-isa\nclauses: []\n")
    found = CliRunner().invoke(app, ["agreements", "check", str(path)])
    assert found.exit_code == 1
    assert "title: Field required" in str(found.exception)
