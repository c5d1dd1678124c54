"""Reasons, the directory, what a release date means, and the windows around it."""

from datetime import UTC, date, datetime

import pytest

from contracts.codes import (
    COMMENT_REQUIRED,
    FIRST_LIST,
    REJECTIONS_IN_USE,
    InUse,
    Need,
    ReferralAlert,
    ReferralWindow,
    RejectionCode,
)
from referral.domain.directory import Service, Wanted, gaps, in_steps, matches
from referral.domain.judge import Intake, alerts_of, reason_is_past
from referral.domain.policy import DEFAULT
from referral.domain.reasons import CommentRequired, NotInUse, ensure_in_use, ensure_rejection
from referral.domain.windows import Window, windows

TODAY = date(2026, 6, 1)
SERVICE = Service("s", "mht-riverside", "northshire", (Need.FORENSIC,), age_from=18, age_until=65)


@pytest.mark.parametrize("code", RejectionCode)
def test_a_rejection_needs_a_comment_where_its_code_says_nothing(code: RejectionCode) -> None:
    ensure_rejection(code, "Why.", TODAY)
    if code in COMMENT_REQUIRED:
        for empty in (None, ""):
            with pytest.raises(CommentRequired):
                ensure_rejection(code, empty, TODAY)
    else:
        ensure_rejection(code, None, TODAY)
    with pytest.raises(NotInUse):
        ensure_rejection(code, "Why.", date(2020, 1, 1))


def test_a_code_is_in_use_from_a_day_until_before_another() -> None:
    table = dict.fromkeys(RejectionCode, InUse(date(2026, 5, 1), date(2026, 6, 1)))
    ensure_in_use(RejectionCode.OTHER, table, date(2026, 5, 31), pointer="/reason_code")
    for day in (date(2026, 4, 30), TODAY):
        with pytest.raises(NotInUse):
            ensure_in_use(RejectionCode.OTHER, table, day, pointer="/reason_code")
    assert REJECTIONS_IN_USE[RejectionCode.OTHER] is FIRST_LIST


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Wanted(), True),
        (Wanted(need=Need.FORENSIC), True),
        (Wanted(need=Need.ALCOHOL), False),
        (Wanted(area="southshire"), False),
        (Wanted(age=17), False),
        (Wanted(age=18), True),
        (Wanted(age=65), False),
        (Wanted(sex="male", statutory=True), True),
        (Wanted(without="arson"), True),
        (Wanted(starts_before=TODAY), True),
    ],
)
def test_a_service_is_for_those_whom_it_takes(wanted: Wanted, found: bool) -> None:
    assert matches(SERVICE, wanted) is found


def test_gaps_are_the_needs_that_nobody_in_the_area_takes() -> None:
    assert set(gaps([SERVICE], "northshire")) == set(Need) - {Need.FORENSIC}
    assert set(gaps([SERVICE], "southshire")) == set(Need)
    assert [in_steps(rate) for rate in (0.0, 0.71, 0.74, 1.0)] == [0.0, 0.7, 0.75, 1.0]


@pytest.mark.parametrize(
    ("intake", "release", "wanted"),
    [
        (Intake(), date(2026, 6, 2), []),
        (Intake(opens_days_before=84), date(2026, 8, 24), []),
        (Intake(opens_days_before=84), date(2026, 8, 25), [ReferralAlert.TOO_EARLY]),
        (Intake(next_start=date(2026, 7, 1)), date(2026, 6, 30), [ReferralAlert.NOT_ENOUGH_TIME]),
        (Intake(waiting_days=30), date(2026, 7, 1), []),
        (Intake(waiting_days=31), date(2026, 7, 1), [ReferralAlert.NOT_ENOUGH_TIME]),
    ],
)
def test_what_a_date_means(intake: Intake, release: date, wanted: list[ReferralAlert]) -> None:
    assert list(alerts_of(intake, release, (), TODAY)) == wanted


def test_an_appointment_before_release_is_one_nobody_can_come_to() -> None:
    at_noon = datetime(2026, 6, 10, 12, tzinfo=UTC)
    assert alerts_of(Intake(), date(2026, 6, 10), (at_noon,), TODAY) == ()
    assert alerts_of(Intake(), date(2026, 6, 11), (at_noon,), TODAY) == (ReferralAlert.APPOINTMENT_BEFORE_RELEASE,)


def test_a_reason_is_past_when_the_date_has_moved_far_enough() -> None:
    intake = Intake(opens_days_before=84, waiting_days=20)
    assert reason_is_past("TOO_EARLY", intake, date(2026, 8, 1), TODAY)
    assert not reason_is_past("TOO_EARLY", intake, date(2026, 12, 1), TODAY)
    assert reason_is_past("NOT_ENOUGH_TIME", intake, date(2026, 8, 1), TODAY)
    assert not reason_is_past("NOT_ENOUGH_TIME", intake, date(2026, 6, 10), TODAY)
    assert not reason_is_past("NOT_ENOUGH_TIME", Intake(), date(2026, 8, 1), TODAY)
    assert not reason_is_past("NO_CAPACITY", intake, date(2026, 8, 1), TODAY)


def test_windows_around_a_release() -> None:
    assert windows(date(2026, 8, 31), DEFAULT) == {
        ReferralWindow.RECONNECT_REFERRAL: Window(date(2026, 6, 8), date(2026, 9, 28)),
        ReferralWindow.RECONNECT_CARE: Window(date(2026, 8, 31), date(2027, 2, 28)),
    }
    assert windows(date(2026, 6, 15), DEFAULT)[ReferralWindow.RECONNECT_CARE].closes_on == date(2026, 12, 15)
