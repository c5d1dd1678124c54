"""Who gets what when under the default agreement, by domain.md, cell by cell (terms: test_clause_terms.py).

`TABLE` is written from domain.md, not from the YAML; the decision must agree with it in every cell and world of facts.
"""

from dataclasses import dataclass, replace
from itertools import product

import pytest

from consent.domain.decide import decide
from consent.domain.facts import AgencyFact, PersonFacts, Referral
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
    referral,
    request,
    scope,
)

ABOUT_REFERRALS = {Category.REFERRAL, Category.REFERRAL_STATUS, Category.ENGAGEMENT}
WITH_REFERRALS = ABOUT_REFERRALS | {Category.IDENTITY, Category.RELEASE_DATE, Category.CUSTODY_STATUS}
RECEIVERS = {"mental-health", "drug-alcohol", "liaison-diversion", "provider"}
OFFENDER = {"identity", "release-date", "custody-status", "accommodation", "licence-conditions", "caseload"}
NHS = {"health-northgate", "mht-riverside", "mht-moorland", "ld-north"}


@dataclass(frozen=True)
class World:
    """One combination of facts about the two agencies and the person."""

    involved: str | None
    consents: bool
    objects: bool
    near: bool
    managed: bool
    addressed: bool
    asked: bool
    referral: str | None
    """Who referred the person to whom this goes, or whose answer it is: `own` is the other one of the two agencies,
    `third` another; `-ordered` with an order's reference."""

    @property
    def own(self) -> bool:
        return self.referral is not None and self.referral.startswith("own")

    @property
    def ordered(self) -> bool:
        return self.referral is not None and self.referral.endswith("-ordered")


@dataclass(frozen=True)
class Row:
    clause: str
    basis: str
    arrows: tuple[tuple[set[str], set[str]], ...]
    categories: set[str]
    asks: tuple[str, ...]
    """The facts it needs: names of `expected`'s table."""


HUB = {"prison", "probation"}
ANY = {
    "prison", "prison-health", "probation", "police", "court", "mental-health", "drug-alcohol", "liaison-diversion",
    "housing", "youth", "benefits", "provider",
}  # fmt: skip
ANSWERING = RECEIVERS | {"housing", "prison-health"}
HEALTH = (
    ({"prison-health"}, {"mental-health", "drug-alcohol", "liaison-diversion"}),
    ({"mental-health", "drug-alcohol", "liaison-diversion"}, {"prison-health"}),
)
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
        ("care", "nhs", "no-objection"),
    ),
    Row("4.2", "statutory", ((ANY, RECEIVERS),), {"identity", "referral", "release-date"}, ("named", "ordered")),
    Row("4.5", "statutory", HEALTH, {"medication"}, ("confirmed", "no-objection")),
    Row("4.5", "statutory", HEALTH, {"referral", "referral-status", "engagement"}, ("same", "no-objection")),
    Row("4.3", "statutory", ((ANSWERING, ANY),), {"referral-status"}, ("same", "came-by-law")),
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
    Row("3.2", "consent", ((HUB, {"housing"}),), {"referral"}, ("named", "consent", "near")),
    Row("4.1", "consent", ((ANY, RECEIVERS),), {"identity", "referral", "release-date"}, ("named", "consent")),
    Row("4.3", "consent", ((ANSWERING, ANY),), {"referral-status"}, ("same", "came-by-consent")),
    Row("4.4", "consent", ((ANSWERING, HUB),), {"engagement"}, ("involved", "consent", "referred")),
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
INVOLVED = (None, "claimed", "confirmed")
REFERRED = ("own", "own-ordered", "third", "third-ordered")
WORLDS = [
    World(involved, consents, objects, near, managed, addressed, asked, None)
    for involved in INVOLVED
    for consents, objects, near, managed, addressed, asked in product(YES_NO, repeat=6)
    if sum((consents, objects, near, managed, addressed, asked)) <= 2
] + [
    World(involved, consents, objects, near, False, False, False, referral)
    for involved in INVOLVED
    for consents, objects, near in product(YES_NO, repeat=3)
    for referral in REFERRED
]
"""Every state of involvement with up to two of the other facts at once: enough to see each condition both ways. With a
referral, every combination of what a clause about referrals asks for."""


def expected(row: Row, source: AgencyFact, recipient: AgencyFact, category: str, world: World) -> bool:
    """Whether this row of the table permits."""
    if category not in row.categories:
        return False
    if not any(source.kind in sources and recipient.kind in recipients for sources, recipients in row.arrows):
        return False
    met = {
        "confirmed": lambda: world.involved == "confirmed",
        "involved": lambda: world.involved is not None,
        "contracted": lambda: recipient.id == "charity-gatehouse",
        "not-contracted": lambda: recipient.id != "charity-gatehouse",
        "nhs": lambda: recipient.id in NHS,
        "no-objection": lambda: not world.objects,
        "consent": lambda: world.consents,
        "mappa": lambda: world.managed,
        "near": lambda: world.near,
        "addressed": lambda: world.addressed,
        "asked": lambda: world.asked,
        "care": lambda: (
            world.involved == "confirmed" or came_by(referrer(world, source, recipient), recipient, world) is not None
        ),
        "named": lambda: names(category, source, world),
        "ordered": lambda: world.ordered,
        "same": lambda: world.own,
        "referred": lambda: world.referral is not None,
        "came-by-law": lambda: came_by(recipient, source, world) == "statutory",
        "came-by-consent": lambda: came_by(recipient, source, world) == "consent",
    }
    return all(met[ask]() for ask in row.asks)


def touches(category: Category, world: World) -> bool:
    """Worlds with a referral, where some clause of the category asks for one; elsewhere a few, to see nothing there."""
    return world.referral is None or category in WITH_REFERRALS or (world.consents and world.near)


def names(category: str, source: AgencyFact, world: World) -> bool:
    """Whether a live referral names the recipient, and this comes with it. The others of these worlds hand on nothing:
    who made them may have nothing of it."""
    return category in ("identity", "referral", "release-date") and world.own


def came_by(sender: AgencyFact | None, receiver: AgencyFact, world: World) -> str | None:
    """The basis on which the referral came to its receiver, if it came."""
    if sender is None:
        return None
    own = replace(world, referral="own-ordered" if world.ordered else "own")
    rows = (row for row in TABLE if expected(row, sender, receiver, "referral", own))
    return next((row.basis for row in rows), None)


def referrer(world: World, source: AgencyFact, recipient: AgencyFact) -> AgencyFact | None:
    if world.referral is None:
        return None
    return source if world.own else third(source, recipient)


def third(source: AgencyFact, recipient: AgencyFact) -> AgencyFact:
    others = (agencies()[name] for name in ("court-northtown", "benefits-north", "police-north"))
    return next(agency for agency in others if agency.id not in (source.id, recipient.id))


def referral_in(world: World, source: AgencyFact, recipient: AgencyFact, category: Category) -> Referral | None:
    """The referral that the offer belongs to, or because of which it may go."""
    if world.referral is None:
        return None
    answer = category in (Category.REFERRAL_STATUS, Category.ENGAGEMENT)
    other, receiver = (recipient, source) if answer else (source, recipient)
    sender = other if world.own else third(source, recipient)
    return referral(sender.id, receiver.id, ordered=world.ordered)


def person_in(
    world: World, source: str, recipient: str, category: Category, referrals: tuple[Referral, ...]
) -> PersonFacts:
    return PersonFacts(
        version=1,
        release_date=(NOW + (20 if world.near else 200) * DAY).date(),
        involvements=(involvement(recipient, world.involved),) if world.involved else (),
        consents=(consent("consent-1", scope(recipient, source)),) if world.consents else (),
        objections=(objection(scope(recipient, source)),) if world.objects else (),
        mappa=(mappa(world.managed),),
        requests=(request(recipient, category),) if world.asked else (),
        referrals=referrals,
    )


@pytest.mark.parametrize("category", list(Category))
@pytest.mark.parametrize("source", sorted(agencies()))
def test_every_cell_permits_what_the_table_says_and_nothing_beside_it(source: str, category: Category) -> None:
    wrong = []
    for recipient in agencies():
        if recipient == source:
            continue
        for world in (world for world in WORLDS if touches(category, world)):
            addressed = (recipient,) if world.addressed else None
            about = referral_in(world, agencies()[source], agencies()[recipient], category)
            asked = question(
                source,
                recipient,
                category,
                person_in(world, source, recipient, category, (about,) if about else ()),
                addressees=addressed,
                emergency=world.addressed,
                about=about if category in ABOUT_REFERRALS else None,
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
        (clause.id, clause.basis) for clause in (rule.clause for rules in policy().rules.values() for rule in rules)
    }
    assert agreement == {(row.clause, Basis(row.basis)) for row in TABLE}
