"""Whether somebody is known: the question is shared only where its answer may come back, and opens nothing else."""

from dataclasses import replace
from typing import Any

import pytest

from consent.domain.decide import decide
from consent.domain.facts import AgencyFact, Consent, PersonFacts, Question, Referral, Scope
from consent.domain.plan import concerned
from consent.domain.policy import Policy
from consent.domain.routes import routes_of
from contracts.codes import Basis, Category, Purpose, Reason
from tests.support.consent_world import (
    NOW,
    agencies,
    consent,
    involvement,
    policy,
    question,
    referral,
    request,
    scope,
    withdrawal,
)

PRISON, TRUST, PROBATION, LD = "hmp-northgate", "mht-riverside", "probation-north", "ld-north"
CATEGORIES = (Category.IDENTITY, Category.REFERRAL, Category.KNOWN_TO_SERVICE)
CARE = (Purpose.DIRECT_CARE,)
YES = consent("consent-1", scope(TRUST, PROBATION, LD, categories=CATEGORIES, purposes=CARE))
TO_THE_TRUST = consent("consent-2", scope(TRUST, purposes=CARE))


def screening(sender: str = PROBATION, *, live: bool = True) -> Referral:
    return referral(sender, TRUST, live=live, screening=True)


def person(*consents: Consent, sender: str = PROBATION, **facts: Any) -> PersonFacts:
    """Someone about whom the sender, which is involved, has asked the trust."""
    known = PersonFacts(version=1, involvements=(involvement(sender),), referrals=(screening(sender),))
    return replace(known, consents=consents, **facts)


def asked(about: PersonFacts, sender: str = PROBATION) -> Question:
    return question(sender, TRUST, Category.REFERRAL, about, about=screening(sender), fields=("reason", "screening_id"))


def answered(about: PersonFacts, sender: str = PROBATION, to: str | None = None) -> Question:
    return question(
        TRUST, to or sender, Category.KNOWN_TO_SERVICE, about, about=screening(sender), fields=("answer", "notes")
    )


@pytest.mark.parametrize("sender", [PROBATION, LD])
def test_with_consent_to_both_the_question_goes_there_and_three_words_come_back(sender: str) -> None:
    there = decide(asked(person(YES, sender=sender), sender), policy())
    back = decide(answered(person(YES, sender=sender), sender), policy())
    assert there.grant is not None
    assert back.grant is not None
    assert (there.grant.rule.clause.id, back.grant.rule.clause.id) == ("4.1", "4.6")
    assert (there.grant.consent, back.grant.consent) == (YES, YES)
    assert back.fields_removed == ("notes",)
    assert (there.source_sees_recipient, back.source_sees_recipient) == (True, True)


@pytest.mark.parametrize("sender", ["police-north", "yot-northtown", "court-northtown"])
def test_who_may_have_no_answer_cannot_ask_and_the_trust_hears_nothing(sender: str) -> None:
    everything = consent("consent-1", Scope())
    about = person(everything, sender=sender)
    there = decide(asked(about, sender), policy())
    assert (there.permitted, there.reason) == (False, Reason.NO_CLAUSE)
    assert not decide(answered(about, sender), policy()).permitted
    assert not decide(question(sender, TRUST, Category.IDENTITY, about), policy()).permitted
    assert not decide(question(PRISON, TRUST, Category.IDENTITY, about), policy()).permitted


def test_a_consent_to_referrals_alone_does_not_carry_the_question_nor_say_who_it_is_about() -> None:
    about = person(TO_THE_TRUST)
    there = decide(asked(about), policy())
    assert (there.permitted, there.reason) == (False, Reason.CONSENT_DOES_NOT_COVER)
    assert not decide(question(PROBATION, TRUST, Category.IDENTITY, about), policy()).permitted
    whole = person(TO_THE_TRUST, YES)
    assert decide(asked(whole), policy()).permitted
    assert decide(question(PROBATION, TRUST, Category.IDENTITY, whole), policy()).permitted


def test_an_answer_asks_for_the_askers_own_involvement_and_so_does_the_question() -> None:
    stranger = replace(person(YES), involvements=())
    assert decide(answered(stranger), policy()).reason is Reason.NO_INVOLVEMENT
    assert decide(asked(stranger), policy()).reason is Reason.NO_INVOLVEMENT


def test_withdrawn_consent_ends_question_and_answer_and_says_why() -> None:
    about = person(YES, withdrawals=(withdrawal(NOW),))
    assert decide(replace(asked(about), stood_on="4.1"), policy()).reason is Reason.CONSENT_WITHDRAWN
    assert decide(replace(answered(about), stood_on="4.6"), policy()).reason is Reason.CONSENT_WITHDRAWN


def test_being_asked_is_no_care_it_opens_who_the_person_is_and_nothing_else() -> None:
    everything = consent("consent-1", Scope())
    about = person(everything)
    opened = {
        category
        for category in Category
        for source in (PRISON, PROBATION)
        if decide(question(source, TRUST, category, about), policy()).permitted
    }
    assert opened == {Category.IDENTITY}
    cared_for = replace(about, referrals=(referral(PROBATION, TRUST),))
    assert decide(question(PRISON, TRUST, Category.CUSTODY_STATUS, cared_for), policy()).permitted


def test_once_it_is_closed_the_trust_is_told_no_more_and_the_answer_stands() -> None:
    about = replace(person(YES), referrals=())
    assert not decide(question(PROBATION, TRUST, Category.IDENTITY, about), policy()).permitted
    closed = question(TRUST, PROBATION, Category.KNOWN_TO_SERVICE, about, about=screening(live=False))
    assert decide(closed, policy()).permitted


def test_the_answer_is_for_who_asked_unless_a_life_is_at_risk() -> None:
    about = replace(person(YES), involvements=(involvement(PROBATION), involvement(LD)))
    assert not decide(answered(about, to=LD), policy()).permitted
    urgent = replace(about, requests=(request(LD, Category.KNOWN_TO_SERVICE),))
    found = decide(answered(urgent, to=LD), policy())
    assert found.grant is not None
    assert found.grant.rule.clause.basis is Basis.VITAL_INTERESTS


def test_who_is_asked_is_concerned_by_the_question_and_by_who_the_person_is_alone() -> None:
    about = replace(person(), involvements=())
    found = {
        category: concerned(question(PRISON, "police-north", category).offer, about, (), agencies())
        for category in Category
    }
    assert {category for category, named in found.items() if TRUST in named} == {Category.IDENTITY}
    assert concerned(asked(about).offer, about, (), agencies()) == (TRUST,)


@pytest.mark.parametrize(
    ("agency", "receives", "sends"),
    [(PROBATION, True, False), (LD, True, False), (TRUST, False, True), ("police-north", False, False)],
)
def test_me_lists_it_for_those_who_may_ask_and_those_who_answer(agency: str, receives: bool, sends: bool) -> None:
    receive, send = routes_of(agencies()[agency], policy(), NOW)
    assert (_on_consent(receive), _on_consent(send)) == (receives, sends)


def _on_consent(routes: list[dict[str, object]]) -> bool:
    return any(each["category"] == "known-to-service" and each["basis"] == "consent" for each in routes)


@pytest.mark.parametrize("sender", sorted(agencies()))
def test_no_word_of_a_receivers_reaches_a_sender_that_is_no_health_body(sender: str) -> None:
    """Clause 4.3: the answer is bare; whole it is under 4.5 alone, and so between health bodies alone."""
    words = {"comment", "question", "interim_support", "chain.bounces", "expected_start", "next.kind"}
    fields = tuple(sorted(words | {"referral_id", "state", "reason_code", "appointment_at"}))
    for receiver in agencies().values():
        _ensure_bare(agencies()[sender], receiver, fields, words, policy())


def _ensure_bare(
    sender: AgencyFact, receiver: AgencyFact, fields: tuple[str, ...], words: set[str], rules: Policy
) -> None:
    for ordered in (False, True):
        about = referral(sender.id, receiver.id, ordered=ordered)
        everything = PersonFacts(
            version=1, consents=(consent("consent-1", Scope()),), involvements=(involvement(sender.id),)
        )
        category = Category.REFERRAL_STATUS
        found = decide(question(receiver.id, sender.id, category, everything, about=about, fields=fields), rules)
        if found.grant is not None and not words <= set(found.fields_removed):
            assert found.grant.rule.clause.id == "4.5"
            assert {sender.kind, receiver.kind} <= {
                "prison-health", "mental-health", "drug-alcohol", "liaison-diversion"
            }  # fmt: skip
