"""Which of a person's dates is the release: a fact as the prison gave it, never rewritten by advice.

Source of the order: hmpps-integration-api `ReleaseDate.kt` (the confirmed date; else the actual parole or home
detention curfew date; else the later of the non-DTO release date and the mid-term date).
"""

from collections.abc import Iterable
from datetime import date
from typing import Protocol, TypeVar

from contracts.codes import DateStatus, DateType

ACTUAL = (DateType.HDCAD, DateType.APD)
"""Decided by name, so they stand before what was calculated; the curfew date first."""
CALCULATED = (DateType.CRD, DateType.ARD, DateType.PRRD, DateType.MTD)
ONLY_CONFIRMED = (DateType.ETD, DateType.LTD)
EXPIRY = (DateType.SED, DateType.SLED, DateType.LED, DateType.TUSED, DateType.ESED)

_RANK = {kind: rank for rank, kind in enumerate((*ACTUAL, *CALCULATED, *ONLY_CONFIRMED))}


class Dated(Protocol):
    @property
    def date_type(self) -> DateType: ...
    @property
    def date(self) -> date | None: ...
    @property
    def status(self) -> DateStatus: ...


D = TypeVar("D", bound=Dated)


def effective(dates: Iterable[D]) -> D | None:
    """The release among dates of distinct types, or None: other and expiry types alone make no release.

    Where several are confirmed the same order holds among them: an actual date, else the latest.
    """
    able = [one for one in dates if one.date is not None and one.date_type in _RANK]
    confirmed = [one for one in able if one.status is DateStatus.CONFIRMED]
    if confirmed:
        return _first(confirmed)
    return _first([one for one in able if one.date_type not in ONLY_CONFIRMED])


def _first(able: list[D]) -> D | None:
    actual = [one for one in able if one.date_type in ACTUAL]
    if actual:
        return min(actual, key=lambda one: _RANK[one.date_type])
    return max(able, key=lambda one: (one.date or date.min, -_RANK[one.date_type]), default=None)


def licence_ends(dates: Iterable[D]) -> date | None:
    """When the licence ends: the later of SLED and LED, else SED."""
    by_type = {one.date_type: one.date for one in dates if one.date is not None}
    licence = [by_type[kind] for kind in (DateType.SLED, DateType.LED) if kind in by_type]
    return max(licence) if licence else by_type.get(DateType.SED)
