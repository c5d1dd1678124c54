"""Identifiers: published examples, every check, and one canonical form for every spelling."""

from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from nhs_number.validate import calculate_checksum
from nhs_number.validate import is_valid as library_says

from caseload.domain.identifiers import (
    CHECK_LETTERS,
    Identifier,
    InvalidIdentifier,
    canonical,
    canonical_all,
    check_letter,
)
from caseload.domain.references import InvalidReference, parse_reference
from contracts.codes import Scheme

TODAY = date(2026, 11, 22)


def value(scheme: Scheme, text: str) -> str:
    return canonical(scheme, text, today=TODAY).value


def is_valid(scheme: Scheme, text: str) -> bool:
    try:
        value(scheme, text)
    except InvalidIdentifier:
        return False
    return True


@pytest.mark.parametrize(
    ("scheme", "text", "expected"),
    [
        (Scheme.PNC, "2012/0052494Q", "2012/0052494Q"),
        (Scheme.PNC, "2012/52494Q", "2012/0052494Q"),
        (Scheme.PNC, "12/52494q", "2012/0052494Q"),
        (Scheme.PNC, "12-0052494Q", "2012/0052494Q"),
        (Scheme.PNC, "20120052494Q", "2012/0052494Q"),
        (Scheme.PNC, "120052494Q", "2012/0052494Q"),
        (Scheme.PNC, " 2012 / 0052494 Q ", "2012/0052494Q"),
        (Scheme.CRO, "265416/21G", "265416/21G"),
        (Scheme.CRO, "SF83/50058Z", "SF83/50058Z"),
        (Scheme.CRO, "sf83-50058z", "SF83/50058Z"),
        (Scheme.NHS, "943 476 5919", "9434765919"),
        (Scheme.NHS, "943-476-5919", "9434765919"),
        (Scheme.NOMS, "a1234aa", "A1234AA"),
        (Scheme.CRN, "x123456", "X123456"),
    ],
)
def test_published_examples_in_each_spelling(scheme: Scheme, text: str, expected: str) -> None:
    assert value(scheme, text) == expected


@pytest.mark.parametrize(
    ("scheme", "text"),
    [
        (Scheme.PNC, "2012/0052494R"),
        (Scheme.PNC, "2027/0000001N"),
        (Scheme.PNC, "2012/00524940Q"),
        (Scheme.PNC, "012/52494Q"),
        (Scheme.PNC, "Q"),
        (Scheme.CRO, "265416/21H"),
        (Scheme.CRO, "SF83/50058A"),
        (Scheme.CRO, "2654160/21G"),
        (Scheme.NHS, "9434765918"),
        (Scheme.NHS, "943476591"),
        (Scheme.NHS, "٩٤٣٤٧٦٥٩١٩"),
        (Scheme.NOMS, "A1234A"),
        (Scheme.NOMS, "11234AA"),
        (Scheme.NOMS, "A1234AAA"),
        (Scheme.CRN, "X12345"),
        (Scheme.CRN, "1234567"),
        (Scheme.CRN, ""),
    ],
)
def test_what_fails_its_check_is_refused_without_echo(scheme: Scheme, text: str) -> None:
    with pytest.raises(InvalidIdentifier) as refused:
        value(scheme, text)
    assert not text or text not in refused.value.detail


def test_a_two_digit_year_is_this_century_up_to_this_year() -> None:
    for year, full in (("26", "2026"), ("27", "1927"), ("00", "2000"), ("99", "1999")):
        letter = check_letter(year, "0000123")
        assert value(Scheme.PNC, f"{year}/123{letter}") == f"{full}/0000123{letter}"


@given(year=st.integers(1927, 2026), serial=st.integers(0, 9_999_999))
def test_every_spelling_of_a_pnc_id_is_one_value(year: int, serial: int) -> None:
    letter = check_letter(f"{year % 100:02}", f"{serial:07}")
    whole = f"{year}/{serial:07}{letter}"
    for spelling in (
        whole,
        f"{year}/{serial}{letter}",
        f"{year % 100:02}/{serial}{letter}",
        f"{year}{serial:07}{letter}",
        f"{year}-{serial:07}{letter}".lower(),
    ):
        assert value(Scheme.PNC, spelling) == whole
    assert value(Scheme.PNC, whole) == whole


@given(year=st.integers(1927, 2026), serial=st.integers(0, 9_999_999), wrong=st.sampled_from(CHECK_LETTERS))
def test_a_pnc_id_with_any_other_letter_is_none(year: int, serial: int, wrong: str) -> None:
    letter = check_letter(f"{year % 100:02}", f"{serial:07}")
    assume(wrong != letter)
    assert not is_valid(Scheme.PNC, f"{year}/{serial:07}{wrong}")


@given(text=st.text(alphabet="0123456789/ABCDEFZQ", max_size=14))
def test_a_run_without_slash_is_read_in_one_way_or_not_at_all(text: str) -> None:
    if is_valid(Scheme.PNC, text):
        found = value(Scheme.PNC, text)
        assert check_letter(found[2:4], found[5:12]) == found[12]
        assert value(Scheme.PNC, found) == found


@given(digits=st.text(alphabet="0123456789", min_size=10, max_size=10))
def test_nhs_numbers_agree_with_the_library(digits: str) -> None:
    assert is_valid(Scheme.NHS, digits) == library_says(digits)


@given(body=st.integers(400_000_000, 999_999_999))
def test_one_last_digit_at_most_makes_an_nhs_number(body: int) -> None:
    digit = calculate_checksum(f"{body}")
    for last in range(10):
        assert is_valid(Scheme.NHS, f"{body}{last}") == library_says(f"{body}{last}") == (last == digit)


@given(day=st.integers(1, 31), month=st.integers(1, 12), rest=st.integers(0, 99_999))
def test_a_number_of_scotland_begins_with_a_real_day(day: int, month: int, rest: int) -> None:
    body = f"{day:02}{month:02}{rest:05}"
    digit = calculate_checksum(body)
    assert is_valid(Scheme.NHS, f"{body}{digit}") == library_says(f"{body}{digit}")


def test_repeats_are_dropped_in_order_and_errors_point_at_their_line() -> None:
    pairs = [(Scheme.NOMS, "a1234aa"), (Scheme.CRN, "X123456"), (Scheme.NOMS, "A1234AA")]
    assert canonical_all(pairs, today=TODAY) == [
        Identifier(Scheme.NOMS, "A1234AA"),
        Identifier(Scheme.CRN, "X123456"),
    ]
    with pytest.raises(InvalidIdentifier) as refused:
        canonical_all([*pairs, (Scheme.NHS, "1")], today=TODAY)
    assert refused.value.pointer == "/identifiers/3/value"


def test_a_path_names_a_person_by_opaque_id_or_by_scheme_and_value() -> None:
    id_ = "01890a5d-ac96-774b-bcce-b302099a8057"
    assert parse_reference(id_.upper(), today=TODAY) == id_
    assert parse_reference("pnc:2012-0052494Q", today=TODAY) == Identifier(Scheme.PNC, "2012/0052494Q")
    assert parse_reference("NOMS:a1234aa", today=TODAY) == Identifier(Scheme.NOMS, "A1234AA")
    for text in ("A1234AA", "ods:X9R01", "", ":", id_[:-1]):
        with pytest.raises(InvalidReference):
            parse_reference(text, today=TODAY)
