"""Three formats come to the same lines; what cannot be read stays a line with its reason."""

import json
from pathlib import Path

import pytest

from throughgate.loading.formats import UnknownFormat, read


def test_a_published_case_is_one_push_for_each_of_its_dates(tmp_path: Path) -> None:
    file = tmp_path / "cases.ndjson"
    dates = {"CRD": "2026-01-02", "SLED": "2027-01-02 "}
    file.write_text(json.dumps({"prison_number": "A1234AA", "date_of_birth": "1990-01-01", "dates": dates}) + "\n")
    pushes = [line.push for line in read(file)]
    assert [(push["date_type"], push["date"]) for push in pushes if push] == list(dates.items())
    assert {push["person"] for push in pushes if push} == {"noms:A1234AA"}
    assert all(push["date_of_birth"] == "1990-01-01" for push in pushes if push)


def test_csv_may_register_people(tmp_path: Path) -> None:
    file = tmp_path / "releases.csv"
    file.write_text(
        "prison_number,date_type,date,status,family,given,date_of_birth\n"
        "A1234AA,CRD,2026-12-18,confirmed,Marlow,Jude,1991-02-03\n"
        "A1235AA,ARD,2026-12-19,,,,\n"
    )
    first, second = (line.push for line in read(file))
    assert first is not None
    assert second is not None
    assert (first["status"], first["name"]) == ("confirmed", {"family": "Marlow", "given": "Jude"})
    assert second["status"] == "calculated"
    assert "name" not in second


def test_a_line_that_cannot_be_read_stays_a_line(tmp_path: Path) -> None:
    file = tmp_path / "bulk.ndjson"
    file.write_text('{"person": "noms:A1234AA"}\n{"half": \n\n["a", "list"]\n')
    assert [(line.number, line.problem) for line in read(file)] == [(1, ""), (2, "not-json"), (4, "not-an-object")]


@pytest.mark.parametrize(
    "text", ['\ufeff"prison_number","date_type","date"\r\n', "\n\nprison_number, date_type ,date\n"]
)
def test_a_spreadsheets_marks_are_no_obstacle(tmp_path: Path, text: str) -> None:
    file = tmp_path / "releases.csv"
    file.write_bytes(f'{text}A1234AA,CRD,"2026-12-18"\n'.encode())
    (line,) = read(file)
    assert line.push is not None
    assert (line.push["person"], line.push["date"]) == ("noms:A1234AA", "2026-12-18")
    assert line.number == text.count("\n") + 1


def test_a_first_line_that_is_broken_stops_no_other(tmp_path: Path) -> None:
    file = tmp_path / "bulk.ndjson"
    file.write_text('\ufeff"person": broken\n{"person": "noms:A1234AA"}\n', encoding="utf-8")
    assert [(line.number, line.problem) for line in read(file)] == [(1, "not-json"), (2, "")]


def test_another_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "letter.txt"
    file.write_text("Dear governor,\n")
    with pytest.raises(UnknownFormat):
        list(read(file))
