"""Rejected lines are kept where the caller says, from the first one on; nothing that was there before is lost early."""

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from throughgate.cli import app
from throughgate.commands.common import Refused
from throughgate.loading.rejected import RejectedLines, place_beside

NOTHING_LISTENS = "http://127.0.0.1:1"


def load(file: Path, *more: str) -> Result:
    arguments = ["load", str(file), "--agency", "hmp-northgate", "--url", NOTHING_LISTENS, "--json", *more]
    return CliRunner().invoke(app, arguments)


@pytest.fixture
def unreadable(tmp_path: Path) -> Path:
    """A file whose one line is rejected before anything is asked of the stack."""
    file = tmp_path / "bulk.ndjson"
    file.write_text('{"half": \n')
    return file


def test_rejected_lines_go_where_the_caller_says(unreadable: Path, tmp_path: Path) -> None:
    kept = tmp_path / "elsewhere.ndjson"
    done = load(unreadable, "--rejected", str(kept))
    assert done.exit_code == 0
    assert json.loads(done.stdout)["rejected_file"] == str(kept)
    assert json.loads(kept.read_text())["code"] == "not-json"
    assert not place_beside(unreadable).exists()


def test_rejected_lines_go_beside_the_file_where_nothing_is_said(unreadable: Path) -> None:
    assert load(unreadable).exit_code == 0
    assert unreadable.with_name("bulk.ndjson.rejected.ndjson").exists()


def test_where_nothing_can_be_written_beside_the_file_they_go_into_the_current_folder(
    unreadable: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert place_beside(unreadable) == Path("bulk.ndjson.rejected.ndjson")


def test_an_earlier_file_stays_until_a_line_is_rejected(tmp_path: Path) -> None:
    earlier = tmp_path / "releases.csv.rejected.ndjson"
    earlier.write_text("of an earlier try\n")
    with RejectedLines(earlier) as kept:
        assert earlier.read_text() == "of an earlier try\n"
        kept.write({"line": 1})
    assert earlier.read_text() == '{"line": 1}\n'


def test_a_push_that_reaches_nobody_leaves_no_file_and_loses_none(tmp_path: Path) -> None:
    file = tmp_path / "bulk.ndjson"
    file.write_text('{"person": "noms:A1234AA"}\n')
    earlier = place_beside(file)
    earlier.write_text("of an earlier try\n")
    assert isinstance(load(file).exception, Refused)
    assert earlier.read_text() == "of an earlier try\n"


def test_a_file_that_cannot_be_written_is_a_refusal_that_names_the_option(unreadable: Path, tmp_path: Path) -> None:
    refusal = load(unreadable, "--rejected", str(tmp_path / "no-such-folder/kept.ndjson")).exception
    assert isinstance(refusal, Refused)
    assert "--rejected" in str(refusal)
    assert "No such file or directory" in str(refusal)


def test_the_loaded_file_is_never_written_over(unreadable: Path) -> None:
    assert isinstance(load(unreadable, "--rejected", str(unreadable)).exception, Refused)
    assert unreadable.read_text() == '{"half": \n'


def test_the_help_says_which_published_lines_are_rejected() -> None:
    said = CliRunner().invoke(app, ["load", "--help"]).stdout
    assert "no date of birth" in " ".join(said.replace("│", " ").split())
