"""Referrals as facts of the decision: an answer goes back on what its referral came on, and nothing goes by a referral
that did not come.
"""

from dataclasses import replace

import pytest

from consent.domain.decide import decide
from consent.domain.facts import PersonFacts, Question, Referral
from consent.domain.limits import breaches
from consent.domain.plan import concerned
from contracts.agreement import Agreement
from contracts.codes import Basis, Category, Purpose, Reason
from tests.support.consent_world import (
    DAY,
    NOW,
    agencies,
    consent,
    involvement,
    north_isa,
    objection,
    policy,
    question,
    referral,
    scope,
    withdrawal,
)

PRISON, TRUST, HEALTH, PROBATION = "hmp-northgate", "mht-riverside", "health-northgate", "probation-north"
YES = consent("consent-1", scope(TRUST, categories=(Category.REFERRAL,), purposes=(Purpose.DIRECT_CARE,)))
STATUS = (
    "appointment_at", "chain.bounces", "chain.days", "comment", "interim_support", "question", "reason_code",
    "referral_id", "state",
)  # fmt: skip


def made(person: PersonFacts, about: Referral) -> Question:
    """May the trust have the prison's referral?"""
    return question(about.sender.id, about.receiver, Category.REFERRAL, person, about=about)


def answer(person: PersonFacts, about: Referral, fields: tuple[str, ...] = STATUS) -> Question:
    """May the sender have the receiver's answer?"""
    return question(about.receiver, about.sender.id, Category.REFERRAL_STATUS, person, about=about, fields=fields)


def test_an_answer_goes_back_on_the_consent_on_which_its_referral_came_and_needs_no_other() -> None:
    person = PersonFacts(version=1, consents=(YES,))
    found = decide(answer(person, referral(PRISON, TRUST)), policy())
    assert found.grant is not None
    assert (found.grant.rule.clause.id, found.grant.rule.clause.basis) == ("4.3", Basis.CONSENT)
    assert found.grant.consent == YES
    assert set(STATUS) - set(found.fields_removed) == {"referral_id", "state", "reason_code", "appointment_at"}


def test_an_answer_is_refused_as_soon_as_that_consent_is_gone_and_says_why() -> None:
    person = PersonFacts(version=1, consents=(YES,), withdrawals=(withdrawal(NOW),))
    found = decide(answer(person, referral(PRISON, TRUST)), policy())
    assert (found.reason, found.permitted) == (Reason.CONSENT_WITHDRAWN, False)
    kept = replace(answer(person, referral(PRISON, TRUST)), stood_on="4.3")
    assert decide(kept, policy()).reason is Reason.CONSENT_WITHDRAWN


def test_a_consent_to_the_answer_alone_is_no_ground_for_it() -> None:
    person = PersonFacts(version=1, consents=(consent("consent-1", scope(PRISON)),))
    assert not decide(answer(person, referral(PRISON, TRUST)), policy()).permitted


def test_the_answer_to_an_ordered_referral_stands_on_law_and_never_on_consent() -> None:
    found = decide(answer(PersonFacts(version=1), referral("court-northtown", TRUST, ordered=True)), policy())
    assert found.grant is not None
    assert (found.grant.rule.clause.id, found.grant.rule.clause.basis) == ("4.3", Basis.STATUTORY)
    assert (found.grant.consent, found.grant.rule.clause.subject_to, found.also) == (None, None, ())


def test_between_health_bodies_an_answer_is_whole_until_the_person_objects() -> None:
    about = referral(HEALTH, TRUST)
    whole = decide(answer(PersonFacts(version=1), about), policy())
    assert whole.grant is not None
    assert (whole.grant.rule.clause.id, whole.also, whole.fields_removed) == ("4.5", ("4.3",), ())
    objecting = PersonFacts(version=1, objections=(objection(scope(HEALTH, TRUST)),))
    assert decide(answer(objecting, about), policy()).reason is Reason.OBJECTION


def test_an_answer_still_reaches_its_sender_when_the_referral_has_ended() -> None:
    person = PersonFacts(version=1, consents=(YES,))
    ended = referral(PRISON, TRUST, live=False)
    assert decide(answer(person, ended), policy()).permitted
    assert decide(made(person, ended), policy()).reason is Reason.CONDITION_NOT_MET


@pytest.mark.parametrize("other", [PROBATION, "mht-moorland", "police-north"])
def test_an_answer_goes_to_nobody_but_its_sender(other: str) -> None:
    about = referral(PRISON, TRUST, ordered=True)
    person = PersonFacts(version=1, involvements=(involvement(other),), consents=(consent("c", scope(other, TRUST)),))
    asked = question(TRUST, other, Category.REFERRAL_STATUS, person, about=about)
    assert not decide(asked, policy()).permitted


def test_nobody_offers_a_referral_of_another_sender_or_to_another_receiver() -> None:
    person = PersonFacts(version=1, consents=(consent("c", scope(TRUST, "mht-moorland")),))
    for sender, receiver in ((PROBATION, TRUST), (PRISON, "mht-moorland")):
        asked = question(sender, receiver, Category.REFERRAL, person, about=referral(PRISON, TRUST, ordered=True))
        assert not decide(asked, policy()).permitted


def test_a_source_whose_own_referral_waits_does_not_learn_that_another_came_under_an_order() -> None:
    drugs = "das-riverside"
    waiting, came = referral(PRISON, drugs), referral(PROBATION, drugs, ordered=True)
    person = PersonFacts(version=1, referrals=(waiting, came), involvements=(involvement(PROBATION),))
    found = decide(question(PRISON, drugs, Category.RELEASE_DATE, person), policy())
    assert found.grant is not None
    assert (found.grant.rule.clause.id, found.source_sees_recipient) == ("4.2", False)
    own = replace(person, referrals=(came, referral(PRISON, drugs, ordered=True)))
    assert decide(question(PRISON, drugs, Category.RELEASE_DATE, own), policy()).source_sees_recipient


def test_a_referral_that_did_not_come_opens_nothing_to_its_receiver() -> None:
    waiting = PersonFacts(version=1, referrals=(referral(PRISON, TRUST),))
    for category in (Category.IDENTITY, Category.RELEASE_DATE, Category.CUSTODY_STATUS):
        assert not decide(question(PRISON, TRUST, category, waiting), policy()).permitted
    came = replace(waiting, consents=(YES,))
    found = decide(question(PRISON, TRUST, Category.CUSTODY_STATUS, came), policy())
    assert found.grant is not None
    assert found.grant.rule.clause.id == "3.3"
    gone = replace(came, withdrawals=(withdrawal(NOW),))
    ended = replace(question(PRISON, TRUST, Category.CUSTODY_STATUS, gone), stood_on="3.3")
    assert decide(ended, policy()).reason is Reason.CONSENT_WITHDRAWN


def test_a_referral_to_a_council_waits_for_the_56_days_and_the_persons_own_choice() -> None:
    council = "housing-northtown"
    near = PersonFacts(
        version=1, release_date=(NOW + 20 * DAY).date(), consents=(consent("consent-1", scope(council)),)
    )
    about = referral(PRISON, council)
    assert decide(made(near, about), policy()).permitted
    assert decide(answer(near, about), policy()).permitted
    early = replace(near, release_date=(NOW + 100 * DAY).date())
    assert decide(made(early, about), policy()).reason is Reason.CONDITION_NOT_MET
    by_kind = replace(near, consents=(consent("consent-1", scope(kinds=(agencies()[council].kind,))),))
    assert not decide(made(by_kind, about), policy()).permitted


def test_a_prison_learns_of_attendance_on_consent_and_of_nothing_clinical() -> None:
    fields = ("appointment_id", "at", "attended", "notes", "outcome", "referral_id")
    person = PersonFacts(
        version=1,
        involvements=(involvement(PRISON),),
        consents=(consent("consent-1", scope(PRISON, categories=(Category.ENGAGEMENT,))),),
    )
    about = referral(PROBATION, TRUST, ordered=True)
    found = decide(question(TRUST, PRISON, Category.ENGAGEMENT, person, about=about, fields=fields), policy())
    assert (found.permitted, found.fields_removed) == (True, ("notes",))
    stranger = replace(about, receiver="mht-moorland")
    assert not decide(question(TRUST, PRISON, Category.ENGAGEMENT, person, about=stranger), policy()).permitted


def test_near_misses_about_referrals_name_nobody_and_no_order() -> None:
    person = PersonFacts(version=1, referrals=(referral(PROBATION, "das-riverside", ordered=True),))
    about = replace(referral(PRISON, TRUST), id="referral-of-another")
    asked = [question(PRISON, TRUST, category, person, about=about) for category in Category]
    asked += [answer(person, about), answer(person, referral(PRISON, "mht-moorland"))]
    said = " ".join(str(miss) for each in asked for miss in decide(each, policy()).misses)
    assert "referral.receiver" in said
    assert not [name for name in (*agencies(), "referral-1", "referral-of-another") if name in said]


def test_the_two_ends_know_of_each_other_and_nobody_else_is_named_to_a_source() -> None:
    person = PersonFacts(version=1, referrals=(referral(PROBATION, TRUST, ordered=True),))
    date = question(PRISON, TRUST, Category.RELEASE_DATE, person)
    assert (decide(date, policy()).permitted, decide(date, policy()).source_sees_recipient) == (True, False)
    own = made(person, referral(PROBATION, TRUST, ordered=True))
    assert decide(own, policy()).source_sees_recipient


def test_the_receiver_of_a_live_referral_is_concerned_by_everything_about_the_person() -> None:
    offer = question(PRISON, "police-north", Category.RELEASE_DATE).offer
    person = PersonFacts(version=1, referrals=(referral(PROBATION, TRUST),))
    assert concerned(offer, person, (), agencies()) == (TRUST,)
    ended = replace(offer, category=Category.REFERRAL_STATUS, referral=referral(PROBATION, PRISON, live=False))
    assert concerned(ended, PersonFacts(version=1), (), agencies()) == (PROBATION,)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"basis": "vital-interests"}, "basis must be consent"),
        ({"conditions": []}, "the condition same-referral"),
        ({"categories": ["referral", "referral-status"]}, "no answer to itself"),
    ],
)
def test_a_clause_for_answers_that_could_turn_in_a_circle_is_not_published(
    changes: dict[str, object], words: str
) -> None:
    document = north_isa().model_dump(mode="json", by_alias=True)
    clause = next(each for each in document["clauses"] if each["id"] == "4.3")
    clause.update(changes)
    document["clauses"] = [clause]
    assert words in " ".join(breach.sentence for breach in breaches(Agreement.model_validate(document)))
