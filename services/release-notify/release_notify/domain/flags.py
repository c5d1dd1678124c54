"""Flags of a release: what a receiver must notice. Earlier or later is none: it depends on what one was shown."""

from datetime import date

from contracts.codes import ReleaseFlag
from release_notify.domain.address import Address, AddressKind
from release_notify.domain.day_of_release import FRIDAY, rolled
from release_notify.domain.notice import DAY, Holidays, is_holiday, working_days
from release_notify.domain.policy import Policy

_ORDER = {flag: rank for rank, flag in enumerate(ReleaseFlag)}


def day_flags(due: date, holidays: Holidays) -> set[ReleaseFlag]:
    """What the calendar says of the due day, and of the day it rolls to."""
    base = rolled(due, holidays)
    found = set()
    if FRIDAY in (due.weekday(), base.weekday()):
        found.add(ReleaseFlag.FRIDAY_RELEASE)
    if base != due:
        found.add(ReleaseFlag.WEEKEND_OR_HOLIDAY)
    if is_holiday(due + DAY, holidays) or is_holiday(base + DAY, holidays):
        found.add(ReleaseFlag.PRE_BANK_HOLIDAY)
    return found


def notice_flags(due: date, today: date, holidays: Holidays, policy: Policy) -> set[ReleaseFlag]:
    left = working_days(today, due, holidays)
    found = set()
    if left < policy.short_notice_below:
        found.add(ReleaseFlag.SHORT_NOTICE)
    if left < policy.immediate_below:
        found.add(ReleaseFlag.IMMEDIATE)
    return found


def address_flags(address: Address | None, *, verified: bool, shared: bool) -> set[ReleaseFlag]:
    """None given, none flagged; approved premises are known to be what they say."""
    if address is None:
        return set()
    if address.kind is AddressKind.NO_FIXED_ABODE:
        return {ReleaseFlag.NO_FIXED_ABODE}
    found = set()
    if address.kind is AddressKind.ADDRESS and not verified:
        found.add(ReleaseFlag.ADDRESS_UNVERIFIED)
    if address.kind is AddressKind.ADDRESS and shared:
        found.add(ReleaseFlag.ADDRESS_SHARED)
    return found


def in_order(found: set[ReleaseFlag]) -> tuple[ReleaseFlag, ...]:
    return tuple(sorted(found, key=_ORDER.__getitem__))
