"""The default agreement against the table of domain.md, cell by cell: what it says and nothing beside it.

`TABLE` is written from domain.md and not from the YAML; the decision must agree with it for every pair of agencies,
every category and every combination of facts.
"""

from dataclasses import dataclass
from itertools import product

import pytest

from consent.domain.decide import decide
from consent.domain.facts import AgencyFact, PersonFacts
from contracts.codes import Basis, Category
from tests.support.consent_world import (
    DAY,
    NOW,
    agencies,
    consent,
    involvement,
    mappa,
    objection,
    policy,
    question,
    request,
    scope,
)

AUDITOR = "auditor"
RECEIVERS = {"mental-health", "drug-alcohol", "liaison-diversion", "provider"}
OFFENDER = {"identity", "release-date", "custody-status", "accommodation", "licence-conditions", "caseload"}
NHS = {"health-northgate", "mht-riverside", "mht-moorland", "ld-north"}


@dataclass(frozen=True)
class World:
    """One combination of facts about the recipient and the person."""

    involved: str | None
    consents: bool
    objects: bool
    managed: bool
    near: bool
    addressed: bool
    asked: bool


@dataclass(frozen=True)
class Row:
    clause: str
    basis: str
    arrows: tuple[tuple[set[str], set[str]], ...]
    categories: set[str]
    asks: tuple[str, ...]
    """The facts it needs: names of `expected`'s table; `never` is a referral, which no offer asserts yet."""


HUB = {"prison", "probation"}
ANY = {
    "prison", "prison-health", "probation", "police", "court", "mental-health", "drug-alcohol", "liaison-diversion",
    "housing", "youth", "benefits", "provider",
}  # fmt: skip
TABLE = (
    Row("2.1", "statutory", ((HUB, {"police", "youth"}), ({"police", "youth"}, HUB)), OFFENDER, ("confirmed",)),
    Row(
        "2.2",
        "statutory",
        (({"prison"}, {"probation"}), ({"probation"}, {"prison"}), ({"prison"}, {"prison"})),
        OFFENDER | {"risk-markers"},
        ("confirmed",),
    ),
    Row(
        "2.3",
        "statutory",
        ((HUB, {"housing", "benefits"}),),
        {"identity", "release-date", "custody-status"},
        ("confirmed",),
    ),
    Row(
        "2.4",
        "statutory",
        ((HUB, {"provider"}),),
        {"identity", "release-date", "custody-status", "accommodation"},
        ("confirmed", "contracted"),
    ),
    Row("2.5", "statutory", ((ANY, {"police", "probation", "housing", "youth"}),), {"risk-markers"}, ("confirmed",)),
    Row(
        "3.3",
        "statutory",
        (({"prison"}, ANY),),
        {"identity", "release-date", "custody-status"},
        ("confirmed", "nhs", "no-objection"),
    ),
    Row("4.2", "statutory", ((ANY, RECEIVERS),), {"identity", "referral", "release-date"}, ("never",)),
    Row(
        "4.5",
        "statutory",
        (
            ({"prison-health"}, {"mental-health", "drug-alcohol", "liaison-diversion"}),
            ({"mental-health", "drug-alcohol", "liaison-diversion"}, {"prison-health"}),
        ),
        {"medication"},
        ("confirmed", "no-objection"),
    ),
    Row(
        "5.1",
        "statutory",
        (
            ({"prison", "probation", "police"}, {"mental-health"}),
            ({"mental-health"}, {"prison", "probation", "police"}),
        ),
        {"risk-markers", "release-date"},
        ("confirmed", "mappa"),
    ),
    Row(
        "3.1",
        "consent",
        ((HUB, {"drug-alcohol", "provider"}),),
        {"identity", "release-date", "accommodation"},
        ("involved", "not-contracted", "consent"),
    ),
    Row("3.2", "consent", ((HUB, {"housing"}),), {"accommodation"}, ("involved", "consent", "near")),
    Row("4.1", "consent", ((ANY, RECEIVERS),), {"identity", "referral", "release-date"}, ("never",)),
    Row("4.3", "consent", ((RECEIVERS | {"housing", "prison-health"}, ANY),), {"referral-status"}, ("never",)),
    Row("4.4", "consent", ((RECEIVERS | {"housing", "prison-health"}, HUB),), {"engagement"}, ("never",)),
    Row(
        "4.6",
        "consent",
        (({"mental-health"}, {"probation", "liaison-diversion"}),),
        {"known-to-service"},
        ("involved", "consent"),
    ),
    Row(
        "9.1",
        "vital-interests",
        ((ANY, {"prison", "prison-health", "probation", "police", "mental-health", "liaison-diversion", "housing"}),),
        {"warning"},
        ("addressed",),
    ),
    Row(
        "9.2",
        "vital-interests",
        ((ANY, {"prison-health", "mental-health", "liaison-diversion"}),),
        {"medication", "risk-markers", "known-to-service"},
        ("asked",),
    ),
)

YES_NO = (False, True)
WORLDS = [
    World(involved, *facts)
    for involved in (None, "claimed", "confirmed")
    for facts in product(YES_NO, repeat=6)
    if sum(facts) <= 2
]
"""Every state of involvement with up to two of the other facts at once: enough to see each condition both ways."""


def expected(row: Row, source: AgencyFact, recipient: AgencyFact, category: str, world: World) -> bool:
    """Whether this row of the table permits."""
    if category not in row.categories:
        return False
    if not any(source.kind in sources and recipient.kind in recipients for sources, recipients in row.arrows):
        return False
    met = {
        "confirmed": world.involved == "confirmed",
        "involved": world.involved is not None,
        "contracted": recipient.id == "charity-gatehouse",
        "not-contracted": recipient.id != "charity-gatehouse",
        "nhs": recipient.id in NHS,
        "no-objection": not world.objects,
        "consent": world.consents,
        "mappa": world.managed,
        "near": world.near,
        "addressed": world.addressed,
        "asked": world.asked,
        "never": False,
    }
    return all(met[ask] for ask in row.asks)


def person_in(world: World, recipient: str, category: Category) -> PersonFacts:
    return PersonFacts(
        version=1,
        release_date=(NOW + (20 if world.near else 200) * DAY).date(),
        involvements=(involvement(recipient, world.involved),) if world.involved else (),
        consents=(consent("consent-1", scope(recipient)),) if world.consents else (),
        objections=(objection(scope(recipient)),) if world.objects else (),
        mappa=(mappa(world.managed),),
        requests=(request(recipient, category),) if world.asked else (),
    )


@pytest.mark.parametrize("category", list(Category))
@pytest.mark.parametrize("source", sorted(agencies()))
def test_every_cell_permits_what_the_table_says_and_nothing_beside_it(source: str, category: Category) -> None:
    wrong = []
    for recipient in agencies():
        if recipient == source:
            continue
        for world in WORLDS:
            addressed = (recipient,) if world.addressed else None
            asked = question(
                source,
                recipient,
                category,
                person_in(world, recipient, category),
                addressees=addressed,
                emergency=world.addressed,
            )
            found = decide(asked, policy())
            clauses = [found.grant.rule.clause.id, *found.also] if found.grant else []
            wanted = [
                row.clause for row in TABLE if expected(row, agencies()[source], agencies()[recipient], category, world)
            ]
            if clauses != wanted:
                wrong.append((recipient, world, wanted, clauses))
    assert wrong == []


def test_the_table_names_every_clause_of_the_agreement_once_with_its_basis() -> None:
    agreement = {
        clause.id: clause.basis for clause in (rule.clause for rules in policy().rules.values() for rule in rules)
    }
    assert agreement == {row.clause: Basis(row.basis) for row in TABLE}


def test_nothing_ever_reaches_or_leaves_the_auditor() -> None:
    assert not [key for key in policy().rules if AUDITOR in (key.source, key.recipient)]


IDENTITY = (
    "date_of_birth", "identifiers.crn", "identifiers.cro", "identifiers.nhs", "identifiers.noms", "identifiers.pnc",
    "languages", "name.family", "name.given", "sex",
)  # fmt: skip
RELEASE = (
    "advised_date", "advised_reason", "date_type", "flags", "governor_decision", "licence_ends", "mandatory",
    "notice_working_days", "prison", "reason", "release_date", "reporting", "status", "time",
)  # fmt: skip
MARKERS = ("mappa.managed", "markers.arson", "markers.self-harm", "markers.suicide")
ALL_BUT_NAME = tuple(name for name in IDENTITY if not name.startswith("name.") and name != "date_of_birth")
NOT_DATES = (
    "advised_reason", "flags", "governor_decision", "licence_ends", "mandatory", "prison", "reason", "reporting",
)  # fmt: skip
FIELDS = {
    Category.IDENTITY: IDENTITY,
    Category.RELEASE_DATE: RELEASE,
    Category.CUSTODY_STATUS: ("at", "prison", "status"),
    Category.RISK_MARKERS: MARKERS,
}
REMOVED = [
    ("hmp-northgate", "police-north", "identity", "2.1", ("identifiers.nhs",)),
    ("hmp-northgate", "yot-northtown", "identity", "2.1", ("identifiers.nhs",)),
    ("hmp-northgate", "probation-north", "identity", "2.2", ("identifiers.nhs",)),
    ("probation-north", "hmp-northgate", "identity", "2.2", ("identifiers.nhs",)),
    ("hmp-northgate", "mht-riverside", "identity", "3.3", ("identifiers.cro", "identifiers.pnc")),
    ("hmp-northgate", "health-northgate", "identity", "3.3", ("identifiers.cro", "identifiers.pnc")),
    ("hmp-northgate", "das-riverside", "identity", "3.1", ("identifiers.cro", "identifiers.pnc")),
    ("hmp-northgate", "housing-northtown", "identity", "2.3", ALL_BUT_NAME),
    ("hmp-northgate", "benefits-north", "identity", "2.3", ALL_BUT_NAME),
    ("hmp-northgate", "charity-newstart", "identity", "3.1", ALL_BUT_NAME),
    ("hmp-northgate", "charity-gatehouse", "identity", "2.4", ALL_BUT_NAME),
    ("hmp-northgate", "police-north", "release-date", "2.1", ()),
    ("hmp-northgate", "housing-northtown", "release-date", "2.3", NOT_DATES),
    ("hmp-northgate", "benefits-north", "release-date", "2.3", NOT_DATES),
    ("hmp-northgate", "charity-newstart", "release-date", "3.1", ()),
    ("hmp-northgate", "housing-northtown", "custody-status", "2.3", ("prison",)),
    ("hmp-northgate", "mht-riverside", "custody-status", "3.3", ()),
    ("hmp-northgate", "probation-north", "risk-markers", "2.2", ()),
    ("hmp-northgate", "police-north", "risk-markers", "2.5", ("markers.self-harm", "markers.suicide")),
    ("mht-riverside", "housing-northtown", "risk-markers", "2.5", ("markers.self-harm", "markers.suicide")),
    ("hmp-northgate", "mht-riverside", "risk-markers", "5.1", ()),
]


@pytest.mark.parametrize(("source", "recipient", "category", "clause", "removed"), REMOVED)
def test_a_permit_names_the_fields_it_really_removes(
    source: str, recipient: str, category: str, clause: str, removed: tuple[str, ...]
) -> None:
    person = PersonFacts(
        version=1,
        involvements=(involvement(recipient),),
        consents=(consent("consent-1", scope(recipient)),),
        mappa=(mappa(),),
    )
    asked = question(source, recipient, Category(category), person, fields=FIELDS[Category(category)])
    found = decide(asked, policy())
    assert found.grant is not None
    assert found.grant.rule.clause.id == clause
    assert found.fields_removed == removed
