"""Emergency requests (clause 9.2) and the reviews of what was shared in emergencies (9.1, 9.2)."""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth import Actor
from chassis.ids import new_id
from consent.calendar import next_working_day
from consent.domain.limits import EMERGENCY_HOURS
from consent.models import EmergencyRequestRow, ReviewRow
from consent.operations.access import AgencyNotRegistered, hold
from consent.operations.deciding import decide_and_emit
from consent.operations.persons import tick
from contracts.codes import Category
from contracts.consent import EmergencyRequestedV1, ReviewRecordedV1
from contracts.errors import Conflict, NotFound, NotPermitted
from contracts.http.consent import ReviewOutcome


class ReviewNotFound(NotFound):
    """There is no such emergency share to review."""

    code = "review-not-found"


class AlreadyReviewed(Conflict):
    """This share was reviewed before, with another outcome."""

    code = "already-reviewed"


class OwnAgency(NotPermitted):
    """Nobody reviews their own agency."""

    code = "own-agency"


async def request_emergency(
    session: AsyncSession,
    *,
    person_id: str,
    category: Category,
    source: str | None,
    justification: str,
    member: str,
    actor: Actor,
    now: datetime,
) -> EmergencyRequestRow:
    """Asks for one category of one person for 72 hours; what is there and permitted is shared at once, and reviewed.

    Raises AgencyNotRegistered.
    """
    held = await hold(session, person_id=person_id, now=now)
    if source is not None and source not in held.snapshot.agencies:
        raise AgencyNotRegistered(pointer="/from")
    at = tick(held.person, now)
    row = EmergencyRequestRow(
        id=new_id(),
        person_id=held.person.id,
        recorded_person_id=person_id,
        agency=actor.agency,
        member=member,
        category=category,
        source=source,
        justification=justification,
        requested_at=at,
        expires_at=at + timedelta(hours=EMERGENCY_HOURS),
        review_due_at=next_working_day(at),
        unjustified=False,
        version=held.person.version,
    )
    session.add(row)
    event = EmergencyRequestedV1(
        person_id=held.person.id,
        request_id=row.id,
        agency=actor.agency,
        member=member,
        category=category,
        source=source,
        justification=justification,
        expires_at=row.expires_at,
        review_due_at=row.review_due_at,
        at=at,
    )
    await decide_and_emit(session, [held.person], snapshot=held.snapshot, now=at, before=[event])
    return row


async def review(
    session: AsyncSession, *, share_id: str, outcome: ReviewOutcome, comment: str, actor: Actor, now: datetime
) -> ReviewRow:
    """Records a review. `not-justified` withdraws what was shown, and what else the same request would show.

    Raises ReviewNotFound, OwnAgency, AlreadyReviewed.
    """
    known = await session.get(ReviewRow, share_id)
    if known is None:
        raise ReviewNotFound
    while True:
        held = await hold(session, person_id=known.person_id, now=now)
        row = await session.get(ReviewRow, share_id, with_for_update=True, populate_existing=True)
        if row is None:
            raise ReviewNotFound
        if row.person_id == held.person.id:
            break
        known = row
    if actor.agency in (row.source, row.recipient):
        raise OwnAgency
    if row.outcome is not None:
        if row.outcome != outcome:
            raise AlreadyReviewed
        return row
    at = tick(held.person, now)
    row.outcome, row.comment, row.reviewed_by, row.reviewed_at = outcome, comment, actor.agency, at
    if outcome == "not-justified" and row.request_id is not None:
        request = await session.get_one(EmergencyRequestRow, row.request_id, populate_existing=True)
        request.unjustified, request.version = True, held.person.version
    event = ReviewRecordedV1(
        person_id=row.person_id,
        review_id=share_id,
        share_id=share_id,
        source=row.source,
        recipient=row.recipient,
        category=row.category,
        outcome=outcome,
        comment=comment,
        reviewed_by=actor.agency,
        member=actor.member,
        at=at,
    )
    await decide_and_emit(session, [held.person], snapshot=held.snapshot, now=at, before=[event])
    return row
