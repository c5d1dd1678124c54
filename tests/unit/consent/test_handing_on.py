"""A referral hands on what its sender may have: it opens nothing that the sender was not let into (ADR 0017)."""

from dataclasses import replace
from typing import Any

import pytest

from consent.domain.decide import decide
from consent.domain.facts import PersonFacts
from contracts.codes import Category, Reason
from tests.support.consent_world import (
    agencies,
    consent,
    involvement,
    mappa,
    policy,
    question,
    referral,
    scope,
)

PRISON, OTHER_PRISON, PROBATION = "hmp-northgate", "hmp-southmoor", "probation-north"
DRUGS, CHARITY, COURT, TRUST = "das-riverside", "charity-newstart", "court-northtown", "mht-riverside"
HANDED_ON = (Category.IDENTITY, Category.RELEASE_DATE)


def may(category: Category, person: PersonFacts, source: str = PRISON) -> bool:
    """Whether the drug service may have this of the source's."""
    return decide(question(source, DRUGS, category, person), policy()).permitted


@pytest.mark.parametrize("category", HANDED_ON)
@pytest.mark.parametrize("sender", sorted(set(agencies()) - {PRISON, DRUGS, "auditor-north"}))
def test_an_order_that_nobody_checks_does_not_open_what_a_prison_wrote(sender: str, category: Category) -> None:
    under_order = PersonFacts(version=1, referrals=(referral(sender, DRUGS, ordered=True),))
    assert not may(category, under_order)
    claimed = replace(under_order, involvements=(involvement(sender, "claimed"),))
    assert not may(category, claimed)


@pytest.mark.parametrize("category", HANDED_ON)
@pytest.mark.parametrize(
    ("sender", "hands_on"),
    [(PROBATION, True), ("police-north", True), (TRUST, True), ("charity-gatehouse", True), (COURT, False)],
)
def test_it_hands_on_what_its_sender_may_have_and_ends_with_it(sender: str, hands_on: bool, category: Category) -> None:
    care: dict[str, Any] = {"roles": ("mental-health-care",)} if sender == TRUST else {}
    involved = PersonFacts(
        version=1,
        referrals=(referral(sender, DRUGS, ordered=True),),
        involvements=(involvement(sender, **care),),
    )
    assert may(category, involved) is hands_on
    assert not may(category, replace(involved, involvements=(involvement(sender, "ended", **care),)))


def test_a_consent_to_the_referral_hands_on_no_more_than_an_order() -> None:
    agreed = PersonFacts(version=1, referrals=(referral(COURT, DRUGS),), consents=(consent("consent-1", scope(DRUGS)),))
    assert not may(Category.RELEASE_DATE, agreed)
    assert may(Category.RELEASE_DATE, replace(agreed, referrals=(referral(PRISON, DRUGS),)))
    # The person's consent carries it by itself as soon as the receiver is involved (3.1).
    assert may(Category.RELEASE_DATE, replace(agreed, involvements=(involvement(DRUGS, "claimed"),)))


def test_what_was_handed_on_is_not_handed_on_again() -> None:
    chain = (referral(PROBATION, CHARITY, ordered=True), referral(CHARITY, DRUGS, ordered=True))
    person = PersonFacts(version=1, referrals=chain, involvements=(involvement(PROBATION),))
    assert decide(question(PRISON, CHARITY, Category.RELEASE_DATE, person), policy()).permitted
    assert not may(Category.RELEASE_DATE, person)
    by_the_prison = (referral(PRISON, CHARITY, ordered=True), referral(CHARITY, DRUGS, ordered=True))
    assert may(Category.RELEASE_DATE, replace(person, referrals=by_the_prison))


def test_two_referrals_do_not_open_one_to_the_other() -> None:
    circle = (referral(CHARITY, DRUGS, ordered=True), referral(DRUGS, CHARITY, ordered=True))
    person = PersonFacts(version=1, referrals=circle)
    assert not may(Category.RELEASE_DATE, person)
    assert not decide(question(PRISON, CHARITY, Category.RELEASE_DATE, person), policy()).permitted


@pytest.mark.parametrize("category", HANDED_ON)
def test_after_a_transfer_the_new_prison_speaks_for_the_referral_of_the_old(category: Category) -> None:
    made = PersonFacts(version=1, referrals=(referral(OTHER_PRISON, DRUGS, ordered=True),))
    held = replace(made, involvements=(involvement(OTHER_PRISON, "ended", roles=("custody",)),))
    assert may(category, held)
    assert not may(category, made)
    claimed = replace(made, involvements=(involvement(OTHER_PRISON, "claimed", roles=("custody",)),))
    assert not may(category, claimed)


def test_a_suspended_sender_hands_on_nothing() -> None:
    suspended = replace(agencies()[PROBATION], suspended=True)
    about = replace(referral(PROBATION, DRUGS, ordered=True), sender=suspended)
    person = PersonFacts(version=1, referrals=(about,), involvements=(involvement(PROBATION),))
    found = decide(question(PRISON, DRUGS, Category.RELEASE_DATE, person), policy())
    assert found.reason is not None
    prison = replace(agencies()[OTHER_PRISON], suspended=True)
    about = replace(referral(OTHER_PRISON, DRUGS, ordered=True), sender=prison)
    held = involvement(OTHER_PRISON, "ended", roles=("custody",))
    assert not may(Category.RELEASE_DATE, PersonFacts(version=1, referrals=(about,), involvements=(held,)))


def test_of_anybody_but_a_prison_no_more_is_handed_on_than_the_release_date() -> None:
    person = PersonFacts(
        version=1,
        referrals=(referral(PROBATION, DRUGS, ordered=True),),
        involvements=(involvement(PROBATION),),
        mappa=(mappa(),),
    )
    assert may(Category.RELEASE_DATE, person, source=TRUST)
    assert not may(Category.IDENTITY, person, source="police-north")
    assert decide(question("police-north", DRUGS, Category.IDENTITY, person), policy()).reason is (
        Reason.CONDITION_NOT_MET
    )
