"""Keeps what came of a case: due times and alerts anew, rows, history, events and offers.

Invariant: an offer is made if and only if what it says is not what was last offered. The referral is offered as long as
its sender believes it live, and no longer: that it ended somewhere else is told by the answer alone, and only to a
sender who may have the answer.
"""

from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.ids import new_id
from chassis.outbox import emit_all
from contracts.codes import AgencyKind, Category, ReferralAlert, ReferralRole, ReferralState, Urgency
from contracts.event import JsonObject
from contracts.offers import Addressee, OfferMadeV1, ReferralAssertion
from contracts.referral import ReferralDueChangedV1
from referral.calendar import england_and_wales, today
from referral.domain.clock import RUNNING, KnownRelease, due
from referral.domain.contents import Facts, engagement_content, referral_content, says_nothing, status_content
from referral.domain.judge import Intake, alerts_of, reason_is_past
from referral.domain.machine import LIVE, SHARED
from referral.domain.policy import DEFAULT, Policy
from referral.domain.side import Side
from referral.models import AppointmentRow
from referral.operations.case import ENDS, RECEIVER, SENDER, Case, meeting_of
from referral.queries.agencies import contacts_of
from referral.queries.directory import intake_of
from referral.queries.releases import known_release
from referral.queries.rows import write_side

A = ReferralAlert
TOLD_OF_ENGAGEMENT = (Addressee(kind=AgencyKind.PRISON), Addressee(kind=AgencyKind.PROBATION))


async def keep(session: AsyncSession, case: Case, *, policy: Policy = DEFAULT) -> None:
    """Writes the case as it stands now."""
    intake = await intake_of(session, case.row, now=case.now)
    for role in ENDS:
        known = await known_release(session, person_id=case.row.person_id, agency=case.sides[role].agency)
        case.sides[role] = _timed(case, role, known, intake, policy)
    late = [case.row.receiver] if case.receiver.overdue else []
    facts = facts_of(case, contact=(await contacts_of(session, late)).get(case.row.receiver))
    offers = [offer for offer in (_referral_offer(case, facts), _status_offer(case, facts)) if offer]
    for role in ENDS:
        side = case.sides[role]
        age = policy.expires_after.get(side.state)
        write_side(case.rows[role], side, expires_at=side.since + age if age else None)
    session.add_all(case.history)
    events = [*case.events, *offers]
    case.history, case.events = [], []
    await session.flush()
    await emit_all(session, events, now=case.now)


def tell_of_appointment(case: Case, row: AppointmentRow) -> None:
    """Offers the engagement of an appointment that the receiver made, to the prisons and probation of its area."""
    content = engagement_content(case.row.referral_id, meeting_of(row))
    name = f"referral.appointment-{row.outcome or 'made'}"
    offer = _offer(case, Category.ENGAGEMENT, row.appointment_id, row.version, name, content)
    case.events.append(offer)


def facts_of(case: Case, *, contact: JsonObject | None) -> Facts:
    """`contact` is the receiver's single point of contact, where something is for it."""
    row = case.row
    return Facts(
        referral_id=row.referral_id,
        chain_id=row.chain_id,
        receiver=row.receiver,
        service_id=row.service_id,
        said=row.said,
        answer=row.answer,
        submitted_at=row.submitted_at,
        bounces=row.bounces,
        days=int(row.said["chain_days"]),
        side=case.receiver,
        of_sender=case.meetings(SENDER),
        of_receiver=case.meetings(RECEIVER),
        contact=contact,
    )


def _timed(case: Case, role: ReferralRole, known: KnownRelease | None, intake: Intake, policy: Policy) -> Side:
    """The side with its due time and alerts, by the release date that its own agency was shown."""
    before = case.sides[role]
    urgency = Urgency(case.row.said["urgency"])
    due_at = due(before.clock, urgency, release=known, holidays=england_and_wales, policy=policy)
    due_at = due_at if before.state in RUNNING else None
    still_late = before.overdue and due_at is not None and due_at <= case.now
    after = replace(before, due_at=due_at, overdue=still_late)
    moved = case.date_moved and before.due_at is not None and due_at is not None and due_at != before.due_at
    if role is RECEIVER:
        after = replace(after, alerts=_receiver_alerts(case, after, known, intake, moved=moved, policy=policy))
        _tell_due(case, after)
    else:
        after = replace(after, alerts=_sender_alerts(case, after, known, intake, moved=moved))
    seen = (after.due_at, after.overdue, after.alerts)
    unseen = (case.rows[role].due_at, case.rows[role].overdue, tuple(case.rows[role].alerts))
    is_new = after.version > case.rows[role].version or seen == unseen
    return after if is_new else replace(after, version=after.version + 1)


def _receiver_alerts(
    case: Case, side: Side, known: KnownRelease | None, intake: Intake, *, moved: bool, policy: Policy
) -> tuple[ReferralAlert, ...]:
    running = side.state in RUNNING
    found: list[ReferralAlert] = []
    if side.overdue:
        found.append(A.OVERDUE)
    if running and (moved or A.DUE_MOVED in case.rows[RECEIVER].alerts):
        found.append(A.DUE_MOVED)
    if known and side.state in SHARED:
        coming = tuple(m.at for m in case.meetings(RECEIVER) if m.outcome is None and m.at >= case.now)
        judged = alerts_of(intake, known.day, coming, today(case.now))
        found += [alert for alert in judged if running or alert is A.APPOINTMENT_BEFORE_RELEASE]
    if side.state in LIVE and case.row.bounces >= policy.flagged_bounces:
        found.append(A.BOUNCED_TWICE)
    return tuple(found)


def _sender_alerts(
    case: Case, side: Side, known: KnownRelease | None, intake: Intake, *, moved: bool
) -> tuple[ReferralAlert, ...]:
    """By what the sender knows: its own dates, and a refusal only once that was shared with it."""
    found = []
    if side.overdue:
        found.append(A.OVERDUE)
    if side.state in RUNNING and (moved or A.DUE_MOVED in case.rows[SENDER].alerts):
        found.append(A.DUE_MOVED)
    if side.state is ReferralState.REJECTED:
        if known and reason_is_past(case.row.answer.get("reason_code"), intake, known.day, today(case.now)):
            found.append(A.REASON_PAST)
        if case.row.bounces + 1 >= DEFAULT.flagged_bounces:
            found.append(A.BOUNCED_TWICE)
    return tuple(found)


def _tell_due(case: Case, after: Side) -> None:
    stored = case.rows[RECEIVER].due_at
    if after.due_at == stored:
        return
    stands = after.clock.started_at is not None
    if not stands and stored is None:
        return
    why = "release-date-moved" if case.date_moved else "clock-started" if after.due_at else "clock-stopped"
    case.events.append(
        ReferralDueChangedV1.model_validate(
            {
                "person_id": case.row.person_id,
                "referral_id": case.row.referral_id,
                "old_due_at": stored,
                "new_due_at": after.due_at,
                "why": why,
                "at": case.now,
            }
        )
    )


def _referral_offer(case: Case, facts: Facts) -> OfferMadeV1 | None:
    row = case.row
    live = case.sender.state in LIVE
    content = referral_content(facts) if live else None
    if content == row.offered and not case.awaits:
        return None
    row.offered = content
    row.offer_version += 1
    if case.awaits:
        row.awaited_version = row.offer_version
    tell = case.tell if live else f"referral.{case.sender.state}"
    return _offer(case, Category.REFERRAL, row.referral_id, row.offer_version, tell, content)


def _status_offer(case: Case, facts: Facts) -> OfferMadeV1 | None:
    row = case.row
    if row.received_at is None:
        return None
    content = status_content(facts, now=case.now)
    if content is None or content == row.status_offered or (row.status_offered is None and says_nothing(content)):
        return None
    row.status_offered = content
    row.status_version += 1
    row.status_sent = row.status_sent | {str(row.status_version): case.receiver.state.value}
    name = "referral.overdue" if content.get("overdue") else f"referral.{case.receiver.state}"
    return _offer(case, Category.REFERRAL_STATUS, row.status_id, row.status_version, name, content)


def _offer(
    case: Case, category: Category, subject_ref: str, version: int, name: str, content: JsonObject | None
) -> OfferMadeV1:
    row = case.row
    to_receiver = category is Category.REFERRAL
    live = case.sender.state in LIVE if to_receiver else case.receiver.state in LIVE
    to: tuple[Addressee, ...] = TOLD_OF_ENGAGEMENT
    if category is not Category.ENGAGEMENT:
        to = (Addressee(agency=row.receiver if to_receiver else row.sender),)
    return OfferMadeV1(
        offer_id=new_id(),
        person_id=row.recorded_person_id,
        source=row.sender if to_receiver else row.receiver,
        category=category,
        subject_ref=subject_ref,
        version=version,
        type=name,
        content=content,
        occurred_at=case.now,
        addressees=to,
        referral=ReferralAssertion(
            referral_id=row.referral_id,
            sender=row.sender,
            receiver=row.receiver,
            order_reference=row.said.get("order_reference"),
            live=live,
        ),
    )
