"""Involvement, the legitimate relationship of an agency with a person: who may claim what, and who confirms it.

An agency claims; it never confirms itself, except probation with a case reference number (domain.md, Agencies).
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from contracts.codes import AgencyKind, InvolvementState
from contracts.errors import Conflict, Invalid, NotPermitted

CUSTODY_ROLE = "custody"

NEVER_INVOLVED = frozenset({AgencyKind.AUDITOR, AgencyKind.OPERATOR})
"""Kinds that watch or run the deployment; they work with nobody."""

CONFIRMS_OTHERS = frozenset({AgencyKind.PRISON, AgencyKind.PROBATION, AgencyKind.POLICE, AgencyKind.YOUTH})
"""Kinds that, where their own involvement is confirmed, confirm or open another agency's."""

ROLE_KINDS: dict[str, frozenset[AgencyKind]] = {
    CUSTODY_ROLE: frozenset({AgencyKind.PRISON}),
    "offender-manager": frozenset({AgencyKind.PRISON, AgencyKind.PROBATION, AgencyKind.YOUTH}),
    "iom-team": frozenset({AgencyKind.PROBATION, AgencyKind.POLICE, AgencyKind.YOUTH}),
    "mental-health-care": frozenset({AgencyKind.MENTAL_HEALTH, AgencyKind.PRISON_HEALTH, AgencyKind.LIAISON_DIVERSION}),
    "housing-officer": frozenset({AgencyKind.HOUSING}),
    "youth-transition": frozenset({AgencyKind.YOUTH, AgencyKind.PROBATION}),
    "victim-liaison": frozenset({AgencyKind.PROBATION, AgencyKind.POLICE}),
}
"""Roles that only these kinds have. Any other word in kebab-case is a role for every kind."""

_ROLE = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", re.ASCII)
_CRN = re.compile(r"[A-Z][0-9]{6}", re.ASCII)


class InvalidRole(Invalid):
    """The role is no word in kebab-case, or not one for this kind of agency."""

    code: ClassVar[str] = "invalid-role"


class InvalidUntil(Invalid):
    """An involvement ends in the future."""

    code: ClassVar[str] = "invalid-until"


class MayNotBeInvolved(NotPermitted):
    """An agency of this kind is involved with nobody."""

    code: ClassVar[str] = "may-not-be-involved"


class MayNotConfirm(NotPermitted):
    """Only a prison, probation, police or youth agency whose own involvement is confirmed confirms another's."""

    code: ClassVar[str] = "may-not-confirm"


class ConfirmsItself(Conflict):
    """An agency does not confirm its own involvement."""

    code: ClassVar[str] = "confirms-itself"


class HoldsCustody(Conflict):
    """The prison that holds the person is involved until a movement says otherwise."""

    code: ClassVar[str] = "holds-custody"


@dataclass(frozen=True)
class Claim:
    """What an agency says of its own involvement."""

    roles: tuple[str, ...]
    lead: bool = False
    reason: str | None = None
    reference: str | None = None
    until: datetime | None = None


def ensure_roles(kind: AgencyKind, roles: tuple[str, ...]) -> None:
    if kind in NEVER_INVOLVED:
        raise MayNotBeInvolved()
    for index, role in enumerate(roles):
        if len(role) > 40 or not _ROLE.fullmatch(role) or kind not in ROLE_KINDS.get(role, {kind}):
            raise InvalidRole(pointer=f"/roles/{index}")


def ensure_until(until: datetime | None, *, now: datetime) -> None:
    if until is not None and until <= now:
        raise InvalidUntil(pointer="/until")


def state_of_claim(
    *, kind: AgencyKind, present: InvolvementState | None, holds_custody: bool, has_crn: bool
) -> InvolvementState:
    """The state after an agency's own claim. What is confirmed stays so; a claim never lowers it."""
    confirmed = (
        present is InvolvementState.CONFIRMED
        or (kind is AgencyKind.PRISON and holds_custody)
        or (kind is AgencyKind.PROBATION and has_crn)
    )
    return InvolvementState.CONFIRMED if confirmed else InvolvementState.CLAIMED


def ensure_may_confirm(kind: AgencyKind, own_states: frozenset[InvolvementState], *, same_agency: bool) -> None:
    """Raises unless an agency of this kind with these live states may confirm or open another's involvement."""
    if same_agency:
        raise ConfirmsItself()
    if kind not in CONFIRMS_OTHERS or InvolvementState.CONFIRMED not in own_states:
        raise MayNotConfirm()


def is_crn(reference: str | None) -> bool:
    """Whether a claim's reference is a probation case reference number."""
    return reference is not None and _CRN.fullmatch(reference.strip().upper()) is not None
