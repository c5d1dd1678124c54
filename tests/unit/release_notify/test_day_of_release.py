"""Day-of-release advice: the published vectors, who is excluded, and what holds for every day."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.codes import DateType
from release_notify.calendar import england_and_wales as holidays
from release_notify.domain.day_of_release import (
    COVERED,
    NOTHING,
    Advice,
    AdviceReason,
    Sentence,
    SentenceKind,
    advise,
    earliest_allowed,
)
from release_notify.domain.notice import is_working_day
from release_notify.domain.policy import DEFAULT

LONG_AGO = date(2020, 1, 1)
ADULT = Sentence(SentenceKind.DETERMINATE, sentenced_at=LONG_AGO)
FRIDAY = date(2023, 10, 6)


def advice(
    due: date, sentence: Sentence | None = ADULT, *, kind: DateType = DateType.CRD, today: date = date(2023, 1, 3)
) -> Advice:
    return advise(due, kind, sentence, today=today, holidays=holidays, policy=DEFAULT)


@pytest.mark.parametrize(
    ("due", "advised"),
    [
        ("2023-04-06", "2023-04-05"),
        ("2023-04-10", "2023-04-05"),
        ("2023-05-01", "2023-04-27"),
        ("2023-10-06", "2023-10-05"),
        ("2023-10-08", "2023-10-05"),
        ("2023-10-05", None),
    ],
)
@pytest.mark.parametrize("kind", sorted(COVERED))
def test_the_published_vectors(due: str, advised: str | None, kind: DateType) -> None:
    found = advice(date.fromisoformat(due), kind=kind)
    assert found.day == (date.fromisoformat(advised) if advised else None)


@pytest.mark.parametrize(
    ("due", "mandatory", "reason"),
    [
        ("2023-04-06", False, AdviceReason.PRE_BANK_HOLIDAY),
        ("2023-04-10", True, AdviceReason.PRE_BANK_HOLIDAY),
        ("2023-10-06", False, AdviceReason.FRIDAY_RELEASE),
        ("2023-10-08", True, AdviceReason.FRIDAY_RELEASE),
        ("2023-10-05", False, None),
    ],
)
def test_it_says_why_and_whether_the_day_must_move(due: str, mandatory: bool, reason: AdviceReason | None) -> None:
    found = advice(date.fromisoformat(due))
    assert (found.mandatory, found.reason) == (mandatory, reason)


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        (None, AdviceReason.SENTENCE_UNKNOWN),
        (Sentence(SentenceKind.INDETERMINATE, LONG_AGO), AdviceReason.INDETERMINATE),
        (Sentence(SentenceKind.REMAND, LONG_AGO), AdviceReason.NOT_SENTENCED),
        (Sentence(SentenceKind.DETERMINATE, LONG_AGO, days_served=27), AdviceReason.TOO_SHORT),
        (Sentence(SentenceKind.DETERMINATE, FRIDAY - timedelta(days=20)), AdviceReason.SENTENCE_UNKNOWN),
    ],
)
def test_without_eligibility_a_friday_stays_and_a_sunday_moves_by_the_base_rule_alone(
    sentence: Sentence | None, reason: AdviceReason
) -> None:
    assert advice(FRIDAY, sentence) == Advice(None, reason, mandatory=False)
    assert advice(FRIDAY + timedelta(days=2), sentence) == Advice(FRIDAY, reason, mandatory=True)


@pytest.mark.parametrize(
    "sentence",
    [
        Sentence(SentenceKind.DETERMINATE, FRIDAY, days_served=28),
        Sentence(SentenceKind.DETERMINATE, FRIDAY - timedelta(days=28)),
        Sentence(SentenceKind.RECALL, LONG_AGO, days_served=400),
    ],
)
def test_from_28_days_on_one_day_is_presumed(sentence: Sentence) -> None:
    assert advice(FRIDAY, sentence).day == date(2023, 10, 5)


def test_under_18s_have_two_eligible_days() -> None:
    young = Sentence(SentenceKind.DETERMINATE, LONG_AGO, under_18=True)
    assert advice(FRIDAY, young).day == date(2023, 10, 4)
    assert advice(date(2023, 12, 25), young).day == date(2023, 12, 20)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (DateType.HDCAD, AdviceReason.HOME_DETENTION_CURFEW),
        (DateType.APD, AdviceReason.PAROLE_BOARD),
    ],
)
def test_curfew_and_parole_are_excluded(kind: DateType, reason: AdviceReason) -> None:
    assert advice(FRIDAY, kind=kind) == Advice(None, reason, mandatory=False)


def test_only_days_ahead_are_advised_on() -> None:
    assert advice(FRIDAY, today=FRIDAY) == NOTHING
    assert advice(FRIDAY, today=FRIDAY - timedelta(days=1)).day == FRIDAY - timedelta(days=1)


def test_when_the_advised_day_is_gone_the_base_rule_stands_while_it_can() -> None:
    sunday = FRIDAY + timedelta(days=2)
    assert advice(sunday, today=FRIDAY) == Advice(FRIDAY, AdviceReason.WEEKEND_OR_HOLIDAY, mandatory=True)
    assert advice(sunday, today=sunday - timedelta(days=1)) == Advice(None, AdviceReason.TOO_LATE, mandatory=True)


@given(st.dates(date(2023, 1, 4), date(2030, 12, 31)))
def test_an_advised_day_is_an_earlier_working_day_within_what_a_governor_may_allow(due: date) -> None:
    found = advice(due)
    if found.day is None:
        assert is_working_day(due, holidays)
    else:
        assert found.day < due
        assert is_working_day(found.day, holidays)
        assert found.day >= earliest_allowed(due, holidays, DEFAULT)
        assert found.day >= due - timedelta(days=8)
