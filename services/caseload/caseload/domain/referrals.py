"""What an accepted referral does to its receiver's involvement, and what its end leaves of it.

An accepted referral confirms (domain.md, Agencies). Its end takes back what it gave and nothing else: what the agency
had before, and what another agency has confirmed since, stays.
"""

from contracts.codes import AgencyKind, InvolvementState

ROLES: dict[AgencyKind, str] = {
    AgencyKind.MENTAL_HEALTH: "mental-health-care",
    AgencyKind.DRUG_ALCOHOL: "drug-alcohol-care",
    AgencyKind.LIAISON_DIVERSION: "liaison-diversion",
    AgencyKind.HOUSING: "housing-officer",
    AgencyKind.PROVIDER: "through-the-gate",
    AgencyKind.PRISON_HEALTH: "prison-health-care",
}
"""The role in which each receiving kind takes a person on."""


def left_standing(stood_as: InvolvementState | None, *, confirmed_by_another: bool) -> InvolvementState | None:
    """The state that is left when the last referral has ended; None if the involvement ends with it."""
    if confirmed_by_another or stood_as is InvolvementState.CONFIRMED:
        return InvolvementState.CONFIRMED
    return stood_as


def roles_left(roles: tuple[str, ...], gone: str, still: frozenset[str]) -> tuple[str, ...]:
    """The roles without the one that ended, unless another referral gives it or nothing would be left."""
    return tuple(role for role in roles if role != gone or role in still) or roles
