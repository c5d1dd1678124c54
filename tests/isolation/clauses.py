"""The table "Who sees what" of the design, as far as it bears on who may know: written from it, not from the code.

It is an upper bound: what no clause here carries must never show. A category with a stroke is a field of it that some
recipients do not get. Three are no categories of the agreement: `detail` is what a receiver wrote about a referral,
`question` why a trust is asked whether it knows somebody, and `own` what is written for one's own file.
"""

from dataclasses import dataclass
from functools import cache

from tests.isolation.agencies import CONTRACTED, KINDS, NHS

EVERYDAY = "identity release-date custody-status accommodation licence-conditions caseload"
RECEIVERS = "mental-health drug-alcohol liaison-diversion housing provider prison-health"
CARE = "mental-health drug-alcohol liaison-diversion"
BARE = "identity release-date custody-status"
_LIMITED = frozenset({"housing", "benefits", "provider"})
"""Kinds that get name, date of birth and contact of an identity, and nothing else."""


@dataclass(frozen=True, slots=True)
class Clause:
    """From groups of agencies to groups of agencies, categories, and what must be so; all are words in a row."""

    id: str
    givers: str
    takers: str
    categories: str
    needs: str

    def carries(self, source: str, recipient: str, category: str) -> bool:
        """Whether it is about such a share at all."""
        name, _, part = category.partition("/")
        if name not in self.categories.split():
            return False
        if part and (self.id == "2.3" or (name == "identity" and KINDS[recipient] in _LIMITED)):
            return False
        return _is_of(source, self.givers) and _is_of(recipient, self.takers)


CLAUSES = (
    Clause("2.1", "prison probation", "police youth", EVERYDAY, "confirmed"),
    Clause("2.1", "police youth", "prison probation", EVERYDAY, "confirmed"),
    Clause("2.2", "prison", "probation prison", f"{EVERYDAY} risk-markers", "confirmed"),
    Clause("2.2", "probation", "prison", f"{EVERYDAY} risk-markers", "confirmed"),
    Clause("2.3", "prison probation", "housing benefits", BARE, "confirmed"),
    Clause("2.4", "prison probation", "contracted", f"{BARE} accommodation", "confirmed"),
    Clause("2.5", "any", "police probation housing youth", "risk-markers", "confirmed"),
    Clause(
        "3.1",
        "prison probation",
        "drug-alcohol not-contracted",
        "identity release-date accommodation",
        "involved consent",
    ),
    Clause("3.2", "prison probation", "housing", "accommodation", "involved consent"),
    Clause("3.2", "prison probation", "housing", "referral", "consent receiver"),
    Clause("3.3", "prison", "nhs", BARE, "confirmed unopposed"),
    Clause("3.3", "prison", "nhs", BARE, "referred unopposed"),
    Clause("4.1", "any", f"{CARE} provider", "identity referral release-date", "consent receiver"),
    Clause("4.2", "any", f"{CARE} provider", "identity referral release-date", "order"),
    Clause("4.3", RECEIVERS, "any", "referral-status appointment", "sender"),
    Clause("4.4", RECEIVERS, "prison probation", "engagement appointment", "involved consent"),
    Clause("4.5", "prison-health", CARE, "medication", "confirmed"),
    Clause("4.5", CARE, "prison-health", "medication", "confirmed"),
    Clause("4.5", "prison-health", CARE, "referral", "receiver"),
    Clause("4.5", CARE, "prison-health", "referral", "receiver"),
    Clause("4.5", f"{CARE} prison-health", f"{CARE} prison-health", "engagement detail", "sender"),
    Clause("4.6", "mental-health", "probation liaison-diversion", "known-to-service", "involved consent"),
    Clause(
        "4.6",
        "probation police youth liaison-diversion",
        "mental-health",
        "identity question referral",
        "asked-whether",
    ),
    Clause("5.1", "prison probation police", "mental-health", "risk-markers release-date", "confirmed mappa"),
    Clause("5.1", "mental-health", "prison probation police", "risk-markers release-date", "confirmed mappa"),
    Clause("9.1", "any", "prison prison-health probation police nhs housing", "warning identity", "warned"),
    Clause("9.2", "any", "nhs", "medication risk-markers known-to-service", "pulled"),
)


@cache
def needs_of(source: str, recipient: str, category: str) -> tuple[tuple[str, ...], ...]:
    """What must be so that this may be shared, clause by clause; empty where no clause is about it."""
    return tuple(tuple(each.needs.split()) for each in CLAUSES if each.carries(source, recipient, category))


def named(category: str) -> str:
    """The category of a field."""
    return category.partition("/")[0]


def _is_of(agency: str, groups: str) -> bool:
    return any(_in_group(agency, group) for group in groups.split())


def _in_group(agency: str, group: str) -> bool:
    if group == "nhs":
        return agency in NHS
    if group in ("contracted", "not-contracted"):
        return KINDS[agency] == "provider" and (agency in CONTRACTED) is (group == "contracted")
    return group in ("any", KINDS[agency])
