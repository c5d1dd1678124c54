"""Telling what was decided: a verdict as the event that enters the log, and the rows that replay needs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from chassis.ids import new_id
from consent.calendar import next_working_day
from consent.domain.decide import Verdict
from consent.domain.explain import verdict_text
from consent.domain.facts import AgencyFact, Emergency, OfferFacts, PersonFacts, Question
from consent.domain.plan import Given, LiveShare, Next, effect_of
from consent.models import OfferRow
from consent.operations.inputs import agency_text, offer_text, person_text
from consent.operations.writing import Decided
from consent.queries.policy import Snapshot
from contracts.codes import Basis
from contracts.codes import Verdict as Outcome
from contracts.decisions import Decision, NearMiss, OfferDecidedV1
from contracts.offers import OfferMadeV1

MOST_BYTES = OfferMadeV1.MAX_BYTES
"""Decisions in one event, unless it has one alone: that is as heavy as an offer may be, and a little more."""


def decision_of(
    offer: OfferRow,
    question: Question,
    verdict: Verdict,
    content: dict[str, Any] | None,
    snapshot: Snapshot,
    step: Next,
    given: Given,
) -> Decision:
    ends = given.ended_by(step)
    grant, now = verdict.grant, question.now
    rule = grant.rule if grant else None
    emergency = _emergency(question, verdict)
    due = next_working_day(now) if grant and grant.rule.clause.review else None
    unjustified = question.recipient.id in question.offer.unjustified or _reviewed_away(question, ends)
    return Decision(
        share_id=new_id(),
        recipient=question.recipient.id,
        recipient_kind=question.recipient.kind,
        purpose=grant.purpose if grant else None,
        verdict=Outcome.PERMITTED if grant else Outcome.REFUSED,
        basis=grant.rule.clause.basis if grant else None,
        agreement=rule.agreement if rule else None,
        agreement_version=rule.agreement_version if rule else None,
        clause=rule.clause.id if rule else None,
        also_permitted_by=verdict.also,
        consent_id=grant.consent.id if grant and grant.consent else None,
        reason=verdict.reason,
        near_misses=tuple(
            NearMiss(clause=miss.clause, condition=miss.condition, wanted=miss.wanted, was=miss.was, reason=miss.reason)
            for miss in verdict.misses
        ),
        fields_removed=verdict.fields_removed,
        policy_hash=snapshot.policy.hash,
        facts=_facts(offer, question, verdict, snapshot),
        content=content,
        source_sees_recipient=verdict.source_sees_recipient,
        subject_to=str(grant.rule.clause.subject_to) if grant and grant.rule.clause.subject_to else None,
        requested_by=emergency.member if emergency else None,
        justification=emergency.justification if emergency else None,
        expires_at=grant.request.expires_at if grant and grant.request else None,
        review_due_at=due,
        ends=ends.id if ends else None,
        effect=effect_of(step, verdict.reason, given, unjustified=unjustified) if ends else None,
        decided_at=now,
    )


def _reviewed_away(question: Question, ends: LiveShare | None) -> bool:
    """Whether a live emergency share ends because its request was ended before its time."""
    return (
        ends is not None
        and ends.basis == Basis.VITAL_INTERESTS
        and any(request.id == ends.request_id and request.unjustified for request in question.person.requests)
    )


def _emergency(question: Question, verdict: Verdict) -> Emergency | None:
    grant = verdict.grant
    if grant is None or grant.rule.clause.basis != Basis.VITAL_INTERESTS:
        return None
    if grant.request is not None:
        return Emergency(grant.request.member, grant.request.justification)
    return question.offer.emergency


def _facts(offer: OfferRow, question: Question, verdict: Verdict, snapshot: Snapshot) -> dict[str, str]:
    """The version of everything it relied on, by what it is and never by its id."""
    found = {
        "policy": str(snapshot.policy.version),
        "person": str(question.person.version),
        "offer": str(offer.version),
    }
    involved = [item.version for item in question.person.involvements if item.agency == question.recipient.id]
    if involved:
        found["involvement"] = str(max(involved))
    if verdict.grant and verdict.grant.consent:
        found["consent"] = str(verdict.grant.consent.version)
    if verdict.grant and verdict.grant.request:
        found["request"] = str(verdict.grant.request.version)
    return found


def events_of(
    offer: OfferRow, source: AgencyFact, decisions: Sequence[Decision], now: datetime
) -> list[OfferDecidedV1]:
    """What was decided of an offer: one event, or several where each permit's content would make it too heavy."""
    parts: list[list[Decision]] = [[]]
    room = MOST_BYTES
    for decision in decisions:
        weight = len(decision.model_dump_json().encode())
        if weight > room and parts[-1]:
            parts.append([])
            room = MOST_BYTES
        parts[-1].append(decision)
        room -= weight
    return [_event(offer, source, part, now) for part in parts]


def _event(offer: OfferRow, source: AgencyFact, decisions: Sequence[Decision], now: datetime) -> OfferDecidedV1:
    return OfferDecidedV1(
        person_id=offer.person_id,
        offer_id=offer.offer_id,
        source=offer.source,
        source_kind=source.kind,
        category=offer.category,
        subject_ref=offer.subject_ref,
        version=offer.version,
        type=offer.type,
        occurred_at=offer.occurred_at,
        decisions=tuple(decisions),
        at=now,
    )


def remember(
    decided: Decided,
    offer: OfferRow,
    person: PersonFacts,
    fact: OfferFacts,
    asked: list[tuple[str, Question, Verdict]],
    snapshot: Snapshot,
    now: datetime,
) -> None:
    """What `throughgate decisions replay` needs."""
    input_id = new_id()
    decided.inputs.append(
        {
            "id": input_id,
            "person_id": offer.person_id,
            "agreements": dict(snapshot.agreements),
            "person": person_text(person),
            "offer": offer_text(fact),
            "decided_at": now,
        }
    )
    decided.decisions += [
        {
            "share_id": share_id,
            "input_id": input_id,
            "recipient": agency_text(question.recipient),
            "stood_on": question.stood_on,
            "verdict": verdict_text(verdict),
        }
        for share_id, question, verdict in asked
    ]
