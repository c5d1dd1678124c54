"""Deciding persons: every current offer of each, for every agency concerned, and what follows for live shares.

The callers hold the persons' locks and the policy's advisory lock, so that nothing a decision relies on changes beside
it. Returns the events; the caller emits them in its own order, in the same transaction.
"""

import asyncio
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from consent.domain.decide import Verdict, decide, decide_again_at
from consent.domain.facts import AgencyFact, Emergency, OfferFacts, PersonFacts, Question
from consent.domain.lingering import still_agreed
from consent.domain.plan import Given, LiveShare, addressees, concerned, what_next
from consent.domain.redaction import field_names, redact
from consent.models import OfferRow, PersonRow
from consent.operations.denying import Denied, denials_of
from consent.operations.telling import decision_of, events_of, remember
from consent.operations.writing import Decided, write
from consent.queries.facts import facts_of, referral_fact
from consent.queries.policy import Snapshot
from consent.queries.standing import Standing, Subject, standing_of, subject_of
from contracts.codes import Basis, Category, Effect
from contracts.decisions import Decision
from contracts.log_proof import canonical


async def decide_persons(
    session: AsyncSession, persons: Sequence[PersonRow], *, snapshot: Snapshot, now: datetime
) -> Decided:
    """Decides every current offer of these persons, whose rows are locked, and writes what follows.

    Between two persons whatever else this process does has its turn: somebody else's withdrawal waits for neither.
    """
    await session.flush()
    standing = await standing_of(session, [person.id for person in persons])
    facts = await facts_of(session, persons, standing.offers, snapshot.agencies)
    decided = Decided()
    for place, person in enumerate(persons):
        if place:
            await asyncio.sleep(0)
        moment = max(now, person.clock, snapshot.since)
        for offer in standing.offers.get(person.id, ()):
            source = snapshot.agencies.get(offer.source)
            if source is not None:
                _decide_offer(decided, offer, source, facts[person.id], standing, snapshot, moment)
        person.decide_again_at = decide_again_at(facts[person.id], snapshot.policy, moment)
        person.queued_at = None
    decided.denials += await denials_of(session, decided.denied)
    await write(session, decided)
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
    given = _given(standing, fact, subject, person, snapshot, now)
    stood = {name: each.latest for name, each in given.items() if each.latest and (each.live or not each.agreed)}
    decisions: list[Decision] = []
    asked: list[tuple[str, Question, Verdict]] = []
    for name in concerned(fact, person, stood.values(), snapshot.agencies):
        question = Question(fact, snapshot.agencies[name], person, now, stood[name].clause if name in stood else None)
        verdict = decide(question, snapshot.policy)
        decision = _follow(decided, offer, question, verdict, given.get(name, Given()), standing, snapshot)
        if decision is not None:
            decisions.append(decision)
            asked.append((decision.share_id, question, verdict))
    if decisions or not offer.answered:
        decided.events += events_of(offer, source, decisions, now)
        offer.answered = True
    if asked:
        remember(decided, offer, person, fact, asked, snapshot, now)


def _given(
    standing: Standing, fact: OfferFacts, subject: Subject, person: PersonFacts, snapshot: Snapshot, now: datetime
) -> dict[str, Given]:
    """By recipient, what it was given of this subject."""
    given = {share.recipient: Given(live=share) for share in standing.live[subject]}
    for share in standing.ended[subject]:
        before = given.get(share.recipient, Given())
        given[share.recipient] = replace(before, ended=(*before.ended, share))
    for name, each in given.items():
        if each.on_consent is not None and name in snapshot.agencies:
            question = Question(fact, snapshot.agencies[name], person, now)
            given[name] = replace(each, agreed=still_agreed(question, each.on_consent.clause, snapshot.policy))
    return given


def _follow(
    decided: Decided,
    offer: OfferRow,
    question: Question,
    verdict: Verdict,
    given: Given,
    standing: Standing,
    snapshot: Snapshot,
) -> Decision | None:
    """The new decision that a verdict makes, if it makes one, and what is to be written for it."""
    recipient = question.recipient.id
    content = redact(offer.content or {}, verdict.fields_removed) if verdict.permitted else None
    digest = hashlib.sha256(canonical(content)).hexdigest() if content is not None else ""
    grant = verdict.grant
    step = what_next(
        basis=grant.rule.clause.basis if grant else None,
        clause=grant.rule.clause.id if grant else None,
        request_id=grant.request.id if grant and grant.request else None,
        reason=verdict.reason,
        version=offer.version,
        digest=digest,
        given=given,
        refused=standing.refused[subject_of(offer)].get(recipient),
    )
    if step in ("keep", "silent") or (step == "refuse" and offer.content is None):
        return None
    decision = decision_of(offer, question, verdict, content, snapshot, step, given)
    before = given.ended_by(step) or given.live
    if before is not None:
        _end(decided, offer, before, decision.effect, question.now, in_place=step == "rebase")
        if before.basis is Basis.CONSENT and decision.effect is Effect.WITHDRAW:
            # By the log this takes back the subject's older shares on consent too; they are hidden as soon.
            for older in given.ended:
                if older.id != before.id:
                    _end(decided, offer, older, Effect.WITHDRAW, question.now)
    if verdict.permitted:
        _permit(decided, offer, question, verdict, decision, digest)
    else:
        _refuse(decided, offer, decision)
    return decision


def _permit(
    decided: Decided,
    offer: OfferRow,
    question: Question,
    verdict: Verdict,
    decision: Decision,
    digest: str,
) -> None:
    assert verdict.grant is not None
    request = verdict.grant.request
    decided.shares.append(
        {
            "id": decision.share_id,
            "person_id": offer.person_id,
            "recorded_person_id": offer.recorded_person_id,
            "told_as": offer.person_id,
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
        decided.reviews.append(
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


def _refuse(decided: Decided, offer: OfferRow, decision: Decision) -> None:
    decided.refusals.append(
        {
            "category": offer.category,
            "subject_ref": offer.subject_ref,
            "recipient": decision.recipient,
            "version": offer.version,
            "reason": decision.reason,
            "share_id": decision.share_id,
        }
    )


def _end(
    decided: Decided, offer: OfferRow, share: LiveShare, effect: Effect | None, now: datetime, *, in_place: bool = False
) -> None:
    """A share ends. With an effect its recipient loses it at once; without, another one takes its place.

    The same content on another basis is never out of sight: the log's entry puts one in the other's place (`in_place`).
    What of older versions goes with it by that entry goes at once.
    """
    if in_place and effect is not Effect.WITHDRAW:
        effect = None
    decided.endings.append({"id": share.id, "now": now, "effect": effect})
    if effect is not None:
        decided.denied.append(Denied(share.id, share.recipient, offer.person_id, effect, now, older_alone=in_place))


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
        referral=referral_fact(offer, snapshot.agencies),
    )
