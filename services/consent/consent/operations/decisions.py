"""Deciding persons: every current offer of each, for every agency concerned, and what follows for live shares.

The callers hold the persons' locks and the policy's advisory lock, so that nothing a decision relies on changes beside
it. Returns the events; the caller emits them in its own order, in the same transaction.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.ids import new_id
from consent.calendar import next_working_day
from consent.domain.decide import Verdict, decide, decide_again_at
from consent.domain.explain import verdict_text, written
from consent.domain.facts import AgencyFact, Emergency, OfferFacts, PersonFacts, Question
from consent.domain.plan import LiveShare, addressees, concerned, effect_of, what_next
from consent.domain.redaction import field_names, redact
from consent.models import DecisionInputRow, DecisionRow, OfferRow, PersonRow, ReviewRow, ShareRow
from consent.queries.facts import facts_of
from consent.queries.policy import Snapshot
from consent.queries.standing import Standing, standing_of, subject_of
from contracts.codes import Basis, Category
from contracts.codes import Verdict as Outcome
from contracts.decisions import Decision, DeniedShare, NearMiss, OfferDecidedV1, ShareDeniedV1
from contracts.event import EventData
from contracts.log_proof import canonical


@dataclass
class Decided:
    """What was decided, to be written in a few statements and told in events."""

    events: list[EventData] = field(default_factory=list)
    denials: list[EventData] = field(default_factory=list)
    ended: int = 0
    _shares: list[dict[str, Any]] = field(default_factory=list)
    _endings: list[dict[str, Any]] = field(default_factory=list)
    _refusals: list[dict[str, Any]] = field(default_factory=list)
    _reviews: list[dict[str, Any]] = field(default_factory=list)
    _inputs: list[dict[str, Any]] = field(default_factory=list)
    _decisions: list[dict[str, Any]] = field(default_factory=list)


async def decide_persons(
    session: AsyncSession, persons: Sequence[PersonRow], *, snapshot: Snapshot, now: datetime
) -> Decided:
    """Decides every current offer of these persons, whose rows are locked, and writes what follows."""
    await session.flush()
    standing = await standing_of(session, [person.id for person in persons])
    facts = await facts_of(session, persons, standing.offers)
    decided = Decided()
    for person in persons:
        moment = max(now, person.clock)
        for offer in standing.offers.get(person.id, ()):
            source = snapshot.agencies.get(offer.source)
            if source is not None:
                _decide_offer(decided, offer, source, facts[person.id], standing, snapshot, moment)
        person.decide_again_at = decide_again_at(facts[person.id], snapshot.policy, moment)
        person.queued_at = None
    await _write(session, decided)
    return decided


def _decide_offer(
    decided: Decided,
    offer: OfferRow,
    source: AgencyFact,
    person: PersonFacts,
    standing: Standing,
    snapshot: Snapshot,
    now: datetime,
) -> None:
    subject = subject_of(offer)
    fact = _offer_fact(offer, source, snapshot, standing.unjustified[subject])
    live = {share.recipient: share for share in standing.live[subject]}
    decisions: list[Decision] = []
    asked: list[tuple[str, Question, Verdict]] = []
    for name in concerned(fact, person, live.values(), snapshot.agencies):
        question = Question(fact, snapshot.agencies[name], person, now, live[name].clause if name in live else None)
        verdict = decide(question, snapshot.policy)
        decision = _follow(decided, offer, question, verdict, live.get(name), standing, snapshot)
        if decision is not None:
            decisions.append(decision)
            asked.append((decision.share_id, question, verdict))
    if decisions or not offer.answered:
        decided.events.append(_event(offer, source, decisions, now))
        offer.answered = True
    if asked:
        _remember(decided, offer, person, fact, asked, snapshot, now)


def _follow(
    decided: Decided,
    offer: OfferRow,
    question: Question,
    verdict: Verdict,
    live: LiveShare | None,
    standing: Standing,
    snapshot: Snapshot,
) -> Decision | None:
    """The new decision that a verdict makes, if it makes one, and what is to be written for it."""
    recipient = question.recipient.id
    content = redact(offer.content or {}, verdict.fields_removed) if verdict.permitted else None
    digest = hashlib.sha256(canonical(content)).hexdigest() if content is not None else ""
    refused = standing.refused[subject_of(offer)].get(recipient)
    step = what_next(
        permitted=verdict.permitted,
        reason=verdict.reason,
        version=offer.version,
        digest=digest,
        live=live,
        refused=refused,
    )
    if step in ("keep", "silent") or (step == "refuse" and offer.content is None):
        return None
    narrowed = step == "permit" and live is not None and live.offer_version == offer.version
    decision = _decision(offer, question, verdict, content, snapshot, live if step == "end" or narrowed else None)
    if step == "permit":
        _permit(decided, offer, question, verdict, decision, digest, live)
    else:
        _refuse(decided, offer, decision, live, question.now)
    return decision


def _permit(
    decided: Decided,
    offer: OfferRow,
    question: Question,
    verdict: Verdict,
    decision: Decision,
    digest: str,
    live: LiveShare | None,
) -> None:
    assert verdict.grant is not None
    if live is not None:
        _end(decided, offer, live, decision, question.now)
    request = verdict.grant.request
    decided._shares.append(
        {
            "id": decision.share_id,
            "person_id": offer.person_id,
            "recorded_person_id": offer.recorded_person_id,
            "category": offer.category,
            "subject_ref": offer.subject_ref,
            "offer_version": offer.version,
            "source": offer.source,
            "recipient": decision.recipient,
            "clause": decision.clause,
            "basis": decision.basis,
            "consent_id": decision.consent_id,
            "request_id": request.id if request else None,
            "content_digest": digest,
            "decided_at": question.now,
            "ended_at": None,
            "effect": None,
        }
    )
    if decision.review_due_at is not None:
        decided._reviews.append(
            {
                "share_id": decision.share_id,
                "person_id": offer.person_id,
                "recorded_person_id": offer.recorded_person_id,
                "category": offer.category,
                "subject_ref": offer.subject_ref,
                "source": offer.source,
                "recipient": decision.recipient,
                "member": decision.requested_by,
                "justification": decision.justification,
                "due_at": decision.review_due_at,
                "request_id": request.id if request else None,
            }
        )


def _refuse(decided: Decided, offer: OfferRow, decision: Decision, live: LiveShare | None, now: datetime) -> None:
    if live is not None:
        _end(decided, offer, live, decision, now)
    decided._refusals.append(
        {
            "category": offer.category,
            "subject_ref": offer.subject_ref,
            "recipient": decision.recipient,
            "version": offer.version,
            "reason": decision.reason,
            "share_id": decision.share_id,
        }
    )


def _end(decided: Decided, offer: OfferRow, live: LiveShare, decision: Decision, now: datetime) -> None:
    """A live share ends. With an effect its recipient loses it at once; without, a newer version takes its place."""
    decided._endings.append({"id": live.id, "now": now, "effect": decision.effect})
    if decision.effect is not None:
        decided.ended += 1
        decided.denials.append(
            ShareDeniedV1(
                denial_id=new_id(),
                person_id=offer.person_id,
                effect=decision.effect,
                shares=(DeniedShare(share_id=live.id, recipient=live.recipient),),
                at=now,
            )
        )


def _decision(
    offer: OfferRow,
    question: Question,
    verdict: Verdict,
    content: dict[str, Any] | None,
    snapshot: Snapshot,
    ends: LiveShare | None,
) -> Decision:
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
        effect=effect_of(verdict.reason, unjustified=unjustified) if ends else None,
        decided_at=now,
    )


def _reviewed_away(question: Question, ends: LiveShare | None) -> bool:
    """Whether a live emergency share ends because its request was ended before its time."""
    return (
        ends is not None
        and ends.basis == Basis.VITAL_INTERESTS
        and any(
            request.agency == question.recipient.id
            and request.category == question.offer.category
            and request.unjustified
            for request in question.person.requests
        )
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


def _offer_fact(offer: OfferRow, source: AgencyFact, snapshot: Snapshot, unjustified: Iterable[str]) -> OfferFacts:
    emergency = offer.emergency
    return OfferFacts(
        source=source,
        category=Category(offer.category),
        version=offer.version,
        fields=field_names(offer.content or {}),
        addressees=addressees(offer.addressees, source, snapshot.agencies),
        emergency=Emergency(emergency["member"], emergency["justification"]) if emergency else None,
        retracted=offer.content is None,
        unjustified=tuple(sorted(unjustified)),
    )


def _event(offer: OfferRow, source: AgencyFact, decisions: list[Decision], now: datetime) -> OfferDecidedV1:
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


def _remember(
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
    decided._inputs.append(
        {
            "id": input_id,
            "person_id": offer.person_id,
            "agreements": dict(snapshot.agreements),
            "person": written(person),
            "offer": written(fact),
            "decided_at": now,
        }
    )
    decided._decisions += [
        {
            "share_id": share_id,
            "input_id": input_id,
            "recipient": written(question.recipient),
            "stood_on": question.stood_on,
            "verdict": verdict_text(verdict),
        }
        for share_id, question, verdict in asked
    ]


async def _write(session: AsyncSession, decided: Decided) -> None:
    """Endings before permits, so that at no moment two permits are live."""
    await session.flush()
    if decided._endings:
        await session.execute(text(_END), decided._endings)
    if decided._shares:
        await session.execute(insert(ShareRow), decided._shares)
        await session.execute(text(_NO_LONGER_REFUSED), decided._shares)
    if decided._refusals:
        await session.execute(text(_UPSERT_REFUSAL), decided._refusals)
    for table, rows in (
        (ReviewRow, decided._reviews),
        (DecisionInputRow, decided._inputs),
        (DecisionRow, decided._decisions),
    ):
        if rows:
            await session.execute(insert(table), rows)


_END = "UPDATE share SET ended_at = :now, effect = :effect WHERE id = :id"
_NO_LONGER_REFUSED = """
DELETE FROM refusal WHERE category = :category AND subject_ref = :subject_ref AND recipient = :recipient
"""
_UPSERT_REFUSAL = """
INSERT INTO refusal (category, subject_ref, recipient, offer_version, reason, share_id)
VALUES (:category, :subject_ref, :recipient, :version, :reason, :share_id)
ON CONFLICT (category, subject_ref, recipient)
DO UPDATE SET offer_version = EXCLUDED.offer_version, reason = EXCLUDED.reason, share_id = EXCLUDED.share_id
"""
