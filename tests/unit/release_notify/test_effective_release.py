"""Which date is the release, against an oracle written the other way round: by elimination, on plain text."""

from dataclasses import dataclass
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.codes import DateStatus, DateType
from release_notify.domain.effective import EXPIRY, effective, licence_ends


@dataclass(frozen=True)
class One:
    date_type: DateType
    date: date | None
    status: DateStatus = DateStatus.CALCULATED


def day(number: int) -> date:
    return date(2026, 1, number)


def oracle(dates: list[One]) -> date | None:
    """Strike out what cannot be, one rule after the other, and see what is left."""
    left = {(one.date_type.value, one.status.value, one.date) for one in dates if one.date}
    left = {row for row in left if row[0] in ["CRD", "ARD", "PRRD", "MTD", "ETD", "LTD", "HDCAD", "APD"]}
    if any(status == "confirmed" for _, status, _ in left):
        left = {row for row in left if row[1] == "confirmed"}
    else:
        left = {row for row in left if row[0] not in ("ETD", "LTD")}
    for actual in ("HDCAD", "APD"):
        if any(kind == actual for kind, _, _ in left):
            left = {row for row in left if row[0] == actual}
    return max((when for _, _, when in left if when), default=None)


dates = st.builds(
    One,
    date_type=st.sampled_from(DateType),
    date=st.none() | st.dates(date(2025, 1, 1), date(2027, 1, 1)),
    status=st.sampled_from(DateStatus),
)


@given(st.lists(dates, unique_by=lambda one: one.date_type, max_size=22))
def test_it_is_what_elimination_leaves(given_dates: list[One]) -> None:
    chosen = effective(given_dates)
    assert (chosen.date if chosen else None) == oracle(given_dates)


@given(st.permutations([One(kind, day(1 + n % 9)) for n, kind in enumerate(DateType)]))
def test_the_order_of_pushes_makes_no_difference(given_dates: list[One]) -> None:
    chosen = effective(given_dates)
    assert chosen is not None
    assert chosen.date_type is DateType.HDCAD


@pytest.mark.parametrize(
    ("given_dates", "expected"),
    [
        ([], None),
        ([One(DateType.CRD, day(5)), One(DateType.ARD, day(9)), One(DateType.MTD, day(7))], day(9)),
        ([One(DateType.PRRD, day(5)), One(DateType.MTD, day(7))], day(7)),
        ([One(DateType.CRD, day(9)), One(DateType.HDCAD, day(3))], day(3)),
        ([One(DateType.CRD, day(9)), One(DateType.APD, day(3))], day(3)),
        ([One(DateType.CRD, day(9)), One(DateType.MTD, day(2), DateStatus.CONFIRMED)], day(2)),
        ([One(DateType.HDCAD, day(3)), One(DateType.CRD, day(9), DateStatus.CONFIRMED)], day(9)),
        ([One(DateType.ETD, day(3)), One(DateType.LTD, day(9))], None),
        ([One(DateType.MTD, day(5)), One(DateType.LTD, day(9))], day(5)),
        ([One(DateType.MTD, day(5)), One(DateType.ETD, day(3), DateStatus.CONFIRMED)], day(3)),
        ([One(kind, day(3), DateStatus.CONFIRMED) for kind in EXPIRY], None),
        ([One(DateType.HDCED, day(3), DateStatus.CONFIRMED), One(DateType.PED, day(4))], None),
        ([One(DateType.NPD, day(3)), One(DateType.DPRRD, day(4)), One(DateType.ROTL, day(4))], None),
        ([One(DateType.CRD, None, DateStatus.CONFIRMED), One(DateType.ARD, day(4))], day(4)),
    ],
)
def test_the_order_of_the_rule(given_dates: list[One], expected: date | None) -> None:
    chosen = effective(given_dates)
    assert (chosen.date if chosen else None) == expected


def test_a_licence_ends_with_the_later_of_sled_and_led_else_with_the_sentence() -> None:
    assert licence_ends([One(DateType.SLED, day(3)), One(DateType.LED, day(8)), One(DateType.SED, day(9))]) == day(8)
    assert licence_ends([One(DateType.SED, day(9)), One(DateType.CRD, day(2))]) == day(9)
    assert licence_ends([One(DateType.CRD, day(2)), One(DateType.SLED, None)]) is None
