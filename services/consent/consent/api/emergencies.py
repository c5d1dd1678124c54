"""Emergency requests by named members, and their reviews by auditors."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Header, Response
from sqlalchemy import select, tuple_

from chassis import causality
from chassis.auth import ActorDep, ensure_kind, ensure_member, require
from chassis.idempotency import IdempotentRoute, key_required
from chassis.pagination import PageDep
from chassis.session import DatabaseDep, SessionDep
from consent.api.dependencies import EntryId, NowDep
from consent.models import EmergencyRequestRow, ReviewRow
from consent.operations.emergencies import request_emergency, review
from contracts.codes import AgencyKind, Category, Scope
from contracts.http.consent import (
    EmergencyRequestAnswer,
    EmergencyRequestBody,
    EmergencyRequestItem,
    EmergencyRequestList,
    ReviewAnswer,
    ReviewBody,
    ReviewItem,
    ReviewList,
)

router = APIRouter(prefix="/v1", tags=["emergencies"], route_class=IdempotentRoute)


@router.post("/emergency-requests", status_code=202, dependencies=[require(Scope.EMERGENCY), key_required])
async def ask(
    body: EmergencyRequestBody,
    database: DatabaseDep,
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
    after: Annotated[int | None, Header(alias=causality.HEADER, ge=0, lt=10**18, include_in_schema=False)] = None,
) -> EmergencyRequestAnswer:
    """Asks for one category of one person because life or health is at risk; always reviewed."""
    member = ensure_member(actor)
    if after is not None:
        await causality.wait_until(database, key=body.person, version=after)
    row = await request_emergency(
        session,
        person_id=body.person,
        category=body.category,
        source=body.source,
        justification=body.justification,
        member=member,
        actor=actor,
        now=now,
    )
    return EmergencyRequestAnswer(request_id=row.id, expires_at=row.expires_at, review_due_at=row.review_due_at)


@router.get("/emergency-requests", dependencies=[require(Scope.READ)], response_model=EmergencyRequestList)
async def own_requests(page: PageDep, session: SessionDep, actor: ActorDep) -> Response:
    """The agency's own requests, newest first."""
    statement = select(EmergencyRequestRow).where(EmergencyRequestRow.agency == actor.agency)  # type: ignore[arg-type]
    if page.after:
        statement = statement.where(EmergencyRequestRow.id < str(page.after[0]))  # type: ignore[arg-type]
    statement = statement.order_by(EmergencyRequestRow.id.desc()).limit(page.fetch)  # type: ignore[attr-defined]
    rows, following = page.cut((await session.scalars(statement)).all(), key=lambda row: (row.id,))
    return page.sparse(map(_item, rows), following)


@router.get("/reviews", dependencies=[require(Scope.AUDIT)])
async def open_reviews(page: PageDep, session: SessionDep, actor: ActorDep, now: NowDep) -> ReviewList:
    """Emergency shares that nobody has reviewed yet, most urgent first; never those of one's own agency."""
    ensure_kind(actor, AgencyKind.AUDITOR)
    statement = select(ReviewRow).where(
        ReviewRow.outcome.is_(None),  # type: ignore[union-attr]
        ReviewRow.source != actor.agency,  # type: ignore[arg-type]
        ReviewRow.recipient != actor.agency,  # type: ignore[arg-type]
    )
    if page.after:
        after = (datetime.fromisoformat(str(page.after[0])), str(page.after[1]))
        statement = statement.where(tuple_(ReviewRow.due_at, ReviewRow.share_id) > after)
    statement = statement.order_by(ReviewRow.due_at, ReviewRow.share_id).limit(page.fetch)  # type: ignore[arg-type]
    found = (await session.scalars(statement)).all()
    rows, following = page.cut(found, key=lambda row: (row.due_at.isoformat(), row.share_id))
    return ReviewList(items=[_review(row, now) for row in rows], next=following)


@router.post("/reviews/{share_id}", dependencies=[require(Scope.AUDIT)])
async def record_review(
    share_id: EntryId, body: ReviewBody, session: SessionDep, actor: ActorDep, now: NowDep
) -> ReviewAnswer:
    """Records whether it was justified; if not, the item is withdrawn and its source is told."""
    ensure_kind(actor, AgencyKind.AUDITOR)
    row = await review(session, share_id=share_id, outcome=body.outcome, comment=body.comment, actor=actor, now=now)
    return ReviewAnswer(
        review_id=row.share_id, share_id=row.share_id, outcome=body.outcome, reviewed_at=row.reviewed_at or now
    )


def _item(row: EmergencyRequestRow) -> EmergencyRequestItem:
    return EmergencyRequestItem(
        request_id=row.id,
        person_id=row.person_id,
        source=row.source,
        category=Category(row.category),
        justification=row.justification,
        member=row.member,
        requested_at=row.requested_at,
        expires_at=row.expires_at,
        review_due_at=row.review_due_at,
    )


def _review(row: ReviewRow, now: datetime) -> ReviewItem:
    return ReviewItem(
        share_id=row.share_id,
        justification=row.justification,
        member=row.member,
        due_at=row.due_at,
        category=Category(row.category),
        source=row.source,
        recipient=row.recipient,
        overdue=row.due_at <= now,
    )
