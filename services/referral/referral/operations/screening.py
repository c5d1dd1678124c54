"""Asking whether a person is known, and answering it once. Who writes holds the person's lock.

The request is offered from when it was asked until its answer has come to who asked; then the one who was asked has no
more to do with the person, and no more to see of them.
"""

from datetime import datetime
from typing import ClassVar

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth import Actor
from chassis.ids import new_id
from chassis.outbox import emit_all
from contracts.codes import Category, ReferralRole
from contracts.content import Content
from contracts.errors import NotPermitted
from contracts.event import EventData
from contracts.offers import Addressee, OfferMadeV1, ReferralAssertion
from contracts.screening import (
    ANSWERED,
    REQUESTED,
    SCREENED_BY,
    SCREENING,
    KnownToServiceContent,
    ScreeningAnswer,
    ScreeningRequestContent,
    ScreeningState,
    ScreeningStateChangedV1,
)
from referral.domain.machine import TransitionNotAllowed
from referral.domain.screening import RECEIVER, SENDER, Step, after, may_answer
from referral.models import AgencyRow, ScreeningRow
from referral.operations.case import Precondition
from referral.operations.write import NoReceiver
from referral.queries.persons import lock_person
from referral.queries.screening import find, role_of


class MayNotAsk(NotPermitted):
    """Agencies of this kind do not ask whether a person is known."""

    code: ClassVar[str] = "may-not-ask"


async def ask(
    session: AsyncSession, *, person_id: str, to_agency: str, reason: str | None, actor: Actor, now: datetime
) -> ScreeningRow:
    """Asks. What becomes of it depends on the share. Raises MayNotAsk, NoReceiver."""
    if actor.kind not in SCREENING:
        raise MayNotAsk
    person_id = await lock_person(session, person_id)
    agency = await session.get(AgencyRow, to_agency)
    if agency is None or agency.kind not in SCREENED_BY:
        raise NoReceiver(pointer="/to_agency")
    row = ScreeningRow(
        screening_id=new_id(),
        person_id=person_id,
        recorded_person_id=person_id,
        sender=actor.agency,
        receiver=agency.agency_id,
        reason=reason,
        asked_at=now,
        open=True,
        request_version=1,
        answer_version=0,
        sender_state=ScreeningState.PENDING,
        sender_version=1,
        receiver_state=ScreeningState.PENDING,
        receiver_version=1,
    )
    session.add(row)
    await session.flush()
    await emit_all(session, [_moved(row, None, now), _request(row, now)], now=now)
    return row


async def answer(
    session: AsyncSession,
    *,
    screening_id: str,
    answer: ScreeningAnswer,
    ensure: Precondition,
    actor: Actor,
    now: datetime,
) -> ScreeningRow:
    """Answers, once and for good. Raises NoSuchScreening, TransitionNotAllowed."""
    row, locked = await find(session, screening_id), None
    while row.person_id != locked:  # while it waited two may have become one, or two again
        locked = await lock_person(session, row.person_id)
        row = await find(session, screening_id)
    role = role_of(row, actor)
    ensure(row.receiver_version if role is RECEIVER else row.sender_version)
    events = step(row, RECEIVER, Step.ANSWER, now=now) if role is RECEIVER else []
    if not events:
        raise TransitionNotAllowed(state_of(row, role), ())
    row.answer, row.answered_at, row.answered_by = answer.value, now, actor.member
    row.answer_version += 1
    told = KnownToServiceContent(answer=answer)
    offer = _offer(row, Category.KNOWN_TO_SERVICE, row.answer_version, ANSWERED, told, now)
    await session.flush()
    await emit_all(session, [*events, offer], now=now)
    return row


def step(row: ScreeningRow, role: ReferralRole, happened: Step, *, now: datetime) -> list[EventData]:
    """Moves one side, if this moves it; what others are told of it is what is so, the receiver's side."""
    before = state_of(row, role)
    following = after(role, before, happened)
    if following is None:
        return []
    if role is SENDER:
        row.sender_state, row.sender_version = following.value, row.sender_version + 1
        return []
    row.receiver_state, row.receiver_version = following.value, row.receiver_version + 1
    return [_moved(row, before, now)]


def state_of(row: ScreeningRow, role: ReferralRole) -> ScreeningState:
    return ScreeningState(row.sender_state if role is SENDER else row.receiver_state)


def close(row: ScreeningRow, *, now: datetime) -> OfferMadeV1:
    """Takes the request back, its answer having come to who asked."""
    row.open = False
    row.request_version += 1
    return _request(row, now)


def allowed_actions(row: ScreeningRow, role: ReferralRole) -> list[str]:
    return [Step.ANSWER.value] if may_answer(role, state_of(row, role)) else []


def _request(row: ScreeningRow, now: datetime) -> OfferMadeV1:
    asked = ScreeningRequestContent(screening_id=row.screening_id, asked_at=row.asked_at, reason=row.reason)
    return _offer(row, Category.REFERRAL, row.request_version, REQUESTED, asked if row.open else None, now)


def _offer(
    row: ScreeningRow, category: Category, version: int, name: str, content: Content | None, now: datetime
) -> OfferMadeV1:
    source, to = (row.sender, row.receiver) if category is Category.REFERRAL else (row.receiver, row.sender)
    return OfferMadeV1(
        offer_id=new_id(),
        person_id=row.recorded_person_id,
        source=source,
        category=category,
        subject_ref=row.screening_id,
        version=version,
        type=name,
        content=content.model_dump(mode="json", exclude_none=True) if content else None,
        occurred_at=now,
        addressees=(Addressee(agency=to),),
        referral=ReferralAssertion(
            referral_id=row.screening_id, sender=row.sender, receiver=row.receiver, live=row.open, screening=True
        ),
    )


def _moved(row: ScreeningRow, before: ScreeningState | None, now: datetime) -> ScreeningStateChangedV1:
    return ScreeningStateChangedV1(
        person_id=row.person_id,
        screening_id=row.screening_id,
        sender=row.sender,
        receiver=row.receiver,
        from_state=before,
        to_state=state_of(row, RECEIVER),
        at=now,
    )
