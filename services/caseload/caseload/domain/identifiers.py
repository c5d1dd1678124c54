"""Identifiers of people in one canonical form each: two spellings of one identifier are one value, and a value that
fails its check does not exist here (domain.md, Identifiers).
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from contracts.codes import Scheme
from contracts.errors import Invalid
from contracts.nhs_number import canonical_nhs_number

CHECK_LETTERS = "ZABCDEFGHJKLMNPQRTUVWXY"
"""Check letter of PNC ids and CRO numbers: index is int(two-digit year + serial) mod 23."""


class InvalidIdentifier(Invalid):
    """The identifier does not have the form of its scheme, or its check fails."""

    code: ClassVar[str] = "invalid-identifier"


class ContradictoryIdentifiers(Invalid):
    """One registration gives one value of a scheme of which a person has one: noms, nhs, crn. Two numbers of one person
    are joined by a merge, never by being named together."""

    code: ClassVar[str] = "contradictory-identifiers"


@dataclass(frozen=True, order=True)
class Identifier:
    """A scheme and a canonical value; made by `canonical` alone."""

    scheme: Scheme
    value: str

    def __str__(self) -> str:
        return f"{self.scheme}:{self.value}"


def canonical(scheme: Scheme, value: str, *, today: date) -> Identifier:
    """The identifier in canonical form; InvalidIdentifier if it is none. `today` decides two-digit years."""
    tidy = re.sub(r"\s+", "", value).upper()
    found = CANONICAL[scheme](tidy, today)
    if found is None:
        raise InvalidIdentifier(f"not a valid identifier of the scheme {scheme}")
    return Identifier(scheme, found)


def canonical_all(
    pairs: Iterable[tuple[Scheme, str]],
    *,
    today: date,
    beside: Identifier | None = None,
    pointer: str = "/identifiers",
) -> list[Identifier]:
    """Each pair in canonical form, without repeats, in the order given; `beside` is one that was given elsewhere.

    InvalidIdentifier and ContradictoryIdentifiers point at the offending one.
    """
    found: dict[Identifier, None] = {}
    single = {beside.scheme: beside} if beside else {}
    for index, (scheme, value) in enumerate(pairs):
        try:
            identifier = canonical(scheme, value, today=today)
        except InvalidIdentifier as refused:
            raise InvalidIdentifier(refused.detail, pointer=f"{pointer}/{index}/value") from None
        if scheme in SINGLE and single.setdefault(scheme, identifier) != identifier:
            raise ContradictoryIdentifiers(pointer=f"{pointer}/{index}/value")
        found[identifier] = None
    return list(found)


def check_letter(year: str, serial: str) -> str:
    """The check letter over a two-digit year and a serial, both digits."""
    return CHECK_LETTERS[int(year + serial) % len(CHECK_LETTERS)]


def _pattern(pattern: str) -> Callable[[str, date], str | None]:
    compiled = re.compile(pattern, re.ASCII)
    return lambda value, _today: value if compiled.fullmatch(value) else None


_PNC = re.compile(r"(\d{4}|\d{2})[/-](\d{1,7})([A-Z])", re.ASCII)
_PNC_RUN = re.compile(r"(\d{3,11})([A-Z])", re.ASCII)


def _pnc(value: str, today: date) -> str | None:
    """`YYYY/NNNNNNNC`. Without a slash a full serial is preferred; else exactly one reading may pass its check."""
    if found := _PNC.fullmatch(value):
        return _pnc_of(found[1], found[2], found[3], today)
    if not (found := _PNC_RUN.fullmatch(value)):
        return None
    digits, letter = found[1], found[2]
    readings = {n: _pnc_of(digits[:n], digits[n:], letter, today) for n in (4, 2) if 1 <= len(digits) - n <= 7}
    whole = next((readings[n] for n in readings if len(digits) - n == 7 and readings[n]), None)
    passing = {reading for reading in readings.values() if reading}
    return whole or (passing.pop() if len(passing) == 1 else None)


def _pnc_of(year: str, serial: str, letter: str, today: date) -> str | None:
    full = year if len(year) == 4 else _century(year, today)
    serial = serial.zfill(7)
    if not 1900 <= int(full) <= today.year or check_letter(full[2:], serial) != letter:
        return None
    return f"{full}/{serial}{letter}"


def _century(year: str, today: date) -> str:
    return ("20" if int(year) <= today.year % 100 else "19") + year


_CRO = re.compile(r"(\d{1,6})[/-](\d{2})([A-Z])", re.ASCII)
_CRO_FILE = re.compile(r"SF(\d{2})[/-](\d{1,6})([A-Z])", re.ASCII)


def _cro(value: str, _today: date) -> str | None:
    if found := _CRO.fullmatch(value):
        serial, year, letter = found[1].zfill(6), found[2], found[3]
        return f"{serial}/{year}{letter}" if check_letter(year, serial) == letter else None
    if found := _CRO_FILE.fullmatch(value):
        year, serial, letter = found[1], found[2], found[3]
        return f"SF{year}/{serial}{letter}" if check_letter(year, serial) == letter else None
    return None


CANONICAL: dict[Scheme, Callable[[str, date], str | None]] = {
    Scheme.NOMS: _pattern(r"[A-Z]\d{4}[A-Z]{2}"),
    Scheme.CRN: _pattern(r"[A-Z]\d{6}"),
    Scheme.PNC: _pnc,
    Scheme.CRO: _cro,
    Scheme.NHS: lambda value, _today: canonical_nhs_number(value),
}

SINGLE: frozenset[Scheme] = frozenset({Scheme.NOMS, Scheme.NHS, Scheme.CRN})
"""Schemes of which one person normally has one value; a second one from another agency is looked at by people."""
