"""Lines of a bulk request: each is judged by itself, and those of one person stay together."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.http.gateway import BulkLine
from gateway.domain.bulk import MAX_LINE_BYTES, Bad, Good, Line, chunks, persons_of, read_line, rejected


def line(**said: Any) -> bytes:
    return json.dumps({"person": "noms:A1234AA", "date_type": "CRD", "date": "2031-03-04", **said}).encode()


def test_a_good_line_keeps_what_was_said() -> None:
    found = read_line(7, line(sequence=3, date=" 2031-03-04 "))
    assert isinstance(found, Good)
    assert (found.number, found.body.sequence, found.body.date) == (7, 3, " 2031-03-04 ")


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"{", "line-malformed"),
        (b"\xff\xfe", "line-malformed"),
        (line().decode().encode("utf-16"), "line-malformed"),
        (line().decode().encode("utf-16-le"), "line-malformed"),
        (line().decode().encode("utf-32-be"), "line-malformed"),
        (b"[" * 100_000, "line-too-long"),
        (b"[" * 10_000, "line-malformed"),
        (line(date=json.loads("[" * 400 + "]" * 400)), "line-invalid"),
        (b"[1]", "line-malformed"),
        (b"null", "line-malformed"),
        (line(note="x" * MAX_LINE_BYTES), "line-too-long"),
        (line(nickname="Ozzy"), "line-invalid"),
        (line(person=5), "line-invalid"),
        (b'{"date":"2031-03-04"}', "line-invalid"),
        (line(name={"family": "Fenwright"}), "line-invalid"),
    ],
)
def test_a_bad_line_is_rejected_by_itself(raw: bytes, code: str) -> None:
    found = read_line(3, raw)
    assert isinstance(found, Bad)
    assert (found.number, found.code) == (3, code)


def test_a_rejection_repeats_nothing_of_what_was_sent() -> None:
    for raw in (line(nickname="Ozzy"), line(person={"name": "Ozzy"}), line(identifiers=["Ozzy"]), b'"Ozzy"'):
        found = read_line(1, raw)
        assert isinstance(found, Bad)
        assert "Ozzy" not in rejected(found).model_dump_json()
        assert "nickname" not in rejected(found).model_dump_json()


def test_an_empty_line_is_no_line() -> None:
    assert read_line(1, b"\n") is None
    assert read_line(1, b"  \r\n") is None


@given(st.lists(st.integers(0, 3), max_size=60), st.integers(1, 7))
def test_chunks_hold_every_line_once_in_order_and_keep_a_person_together(people: list[int], size: int) -> None:
    lines: list[Line] = [Good(n, BulkLine(person=f"noms:{who}")) for n, who in enumerate(people)]
    made = list(chunks(lines, size))
    assert [each for chunk in made for each in chunk] == lines
    assert all(0 < len(chunk) <= size for chunk in made)
    for before, after in pairwise(made):
        last, first = before[-1], after[0]
        assert isinstance(last, Good)
        assert isinstance(first, Good)
        if last.body.person == first.body.person:
            alone = {each.body.person for each in before if isinstance(each, Good)}
            assert len(alone) == 1, "a person is cut apart only where a list holds nobody else"


def test_who_a_person_is_need_be_said_once() -> None:
    born = {"date_of_birth": "1991-04-17"}
    said = [BulkLine.model_validate({"person": "noms:1", **more}) for more in ({}, born, {})]
    others = [BulkLine(person="noms:2"), BulkLine(person="noms:1", date_of_birth="1992-05-18")]
    found = persons_of(Good(n, body) for n, body in enumerate([*said, *others]))
    assert found == [
        {"person": "noms:1"},
        {"person": "noms:1", **born},
        {"person": "noms:1", **born},
        {"person": "noms:2"},
        {"person": "noms:1", "date_of_birth": "1992-05-18"},
    ]
