"""Flags of a release: what the calendar, the notice and the address say."""

from datetime import date, timedelta

import pytest

from contracts.codes import ReleaseFlag
from release_notify.calendar import england_and_wales as holidays
from release_notify.domain.address import Address, AddressKind, address_key
from release_notify.domain.flags import address_flags, day_flags, in_order, notice_flags
from release_notify.domain.policy import DEFAULT

HOME = Address(AddressKind.ADDRESS, ("1 Example Street", "Northtown"), "NT1 1AA")


@pytest.mark.parametrize(
    ("due", "expected"),
    [
        ("2023-10-05", set()),
        ("2023-10-06", {"friday-release"}),
        ("2023-10-07", {"friday-release", "weekend-or-holiday"}),
        ("2023-10-08", {"friday-release", "weekend-or-holiday"}),
        ("2023-04-06", {"pre-bank-holiday"}),
        ("2023-04-07", {"friday-release", "weekend-or-holiday", "pre-bank-holiday"}),
        ("2023-04-10", {"weekend-or-holiday", "pre-bank-holiday"}),
        ("2023-05-01", {"friday-release", "weekend-or-holiday"}),
        ("2024-12-24", {"pre-bank-holiday"}),
        ("2024-12-26", {"weekend-or-holiday", "pre-bank-holiday"}),
    ],
)
def test_what_the_calendar_says(due: str, expected: set[str]) -> None:
    assert {str(flag) for flag in day_flags(date.fromisoformat(due), holidays)} == expected


@pytest.mark.parametrize(
    ("today", "due", "expected"),
    [
        ("2026-06-01", "2026-06-08", set()),
        ("2026-06-01", "2026-06-05", {"short-notice"}),
        ("2026-06-02", "2026-06-08", {"short-notice"}),
        ("2026-06-05", "2026-06-08", {"short-notice"}),
        ("2026-06-06", "2026-06-08", {"short-notice", "immediate"}),
        ("2026-06-08", "2026-06-08", {"short-notice", "immediate"}),
        ("2026-06-09", "2026-06-08", {"short-notice", "immediate"}),
    ],
)
def test_short_notice_is_below_five_working_days_and_immediate_below_one(
    today: str, due: str, expected: set[str]
) -> None:
    found = notice_flags(date.fromisoformat(due), date.fromisoformat(today), holidays, DEFAULT)
    assert {str(flag) for flag in found} == expected


@pytest.mark.parametrize(
    ("address", "verified", "shared", "expected"),
    [
        (None, False, True, set()),
        (HOME, False, False, {ReleaseFlag.ADDRESS_UNVERIFIED}),
        (HOME, True, False, set()),
        (HOME, True, True, {ReleaseFlag.ADDRESS_SHARED}),
        (Address(AddressKind.NO_FIXED_ABODE), False, True, {ReleaseFlag.NO_FIXED_ABODE}),
        (Address(AddressKind.APPROVED_PREMISES, ("2 Example Road",)), False, False, set()),
    ],
)
def test_what_the_address_says(
    address: Address | None, verified: bool, shared: bool, expected: set[ReleaseFlag]
) -> None:
    assert address_flags(address, verified=verified, shared=shared) == expected


def test_the_same_place_is_the_same_however_it_is_typed() -> None:
    assert address_key(HOME) == address_key(
        Address(AddressKind.ADDRESS, ("1, EXAMPLE street,", "northtown "), "nt11aa")
    )
    assert address_key(HOME) != address_key(Address(AddressKind.ADDRESS, ("2 Example Street", "Northtown"), "NT1 1AA"))
    assert address_key(Address(AddressKind.NO_FIXED_ABODE)) is None


def test_flags_come_in_one_order_whatever_the_day() -> None:
    assert in_order(set(ReleaseFlag)) == tuple(ReleaseFlag)
    assert in_order(set()) == ()
    assert in_order(day_flags(date(2023, 10, 6) + timedelta(days=1), holidays)) == (
        ReleaseFlag.FRIDAY_RELEASE,
        ReleaseFlag.WEEKEND_OR_HOLIDAY,
    )
