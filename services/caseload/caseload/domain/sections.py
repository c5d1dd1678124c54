"""Sections: facts that an agency keeps of its own about a person, one per category, offered onward when they change."""

from typing import ClassVar

from contracts.codes import AgencyKind, Category
from contracts.content import Mappa, RiskMarkersContent
from contracts.errors import Invalid, NotPermitted

_ANY = frozenset(AgencyKind) - {AgencyKind.AUDITOR, AgencyKind.OPERATOR}
_HEALTH = frozenset(
    {AgencyKind.PRISON_HEALTH, AgencyKind.MENTAL_HEALTH, AgencyKind.DRUG_ALCOHOL, AgencyKind.LIAISON_DIVERSION}
)

WRITERS: dict[Category, frozenset[AgencyKind]] = {
    Category.ACCOMMODATION: _ANY,
    Category.LICENCE_CONDITIONS: frozenset({AgencyKind.PRISON, AgencyKind.PROBATION, AgencyKind.YOUTH}),
    Category.RISK_MARKERS: _ANY,
    Category.MEDICATION: _HEALTH,
    Category.CASELOAD: frozenset({AgencyKind.PROBATION, AgencyKind.POLICE, AgencyKind.YOUTH}),
}
"""Which kinds have facts of a category of their own."""

MAPPA_AUTHORITIES = frozenset({AgencyKind.PRISON, AgencyKind.PROBATION, AgencyKind.POLICE})
"""The responsible authority of Criminal Justice Act 2003 s.325(1)."""


class NotYourCategory(NotPermitted):
    """An agency of this kind has no facts of this category."""

    code: ClassVar[str] = "not-your-category"


class NotMappaAuthority(NotPermitted):
    """Only prison, probation and police say who is managed under MAPPA."""

    code: ClassVar[str] = "not-mappa-authority"


class InvalidMappa(Invalid):
    """A managed person has a MAPPA category and level; one who is not managed has neither."""

    code: ClassVar[str] = "invalid-mappa"


def ensure_may_write(kind: AgencyKind, category: Category) -> None:
    if kind not in WRITERS[category]:
        raise NotYourCategory()


def mappa_of(kind: AgencyKind, content: RiskMarkersContent) -> Mappa | None:
    """The MAPPA fact within risk markers, checked; None if the agency says nothing about it."""
    mappa = content.mappa
    if mappa is None:
        return None
    if kind not in MAPPA_AUTHORITIES:
        raise NotMappaAuthority(pointer="/mappa")
    if mappa.managed != (mappa.category is not None) or mappa.managed != (mappa.level is not None):
        raise InvalidMappa(pointer="/mappa")
    return mappa
