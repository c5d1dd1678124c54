"""Messages of the prison event bus. Each is dealt with once, by the id of its bytes; what was decided is kept.

A movement comes from the prison it names, or from the national feed, which speaks for every prison. A merge or a moved
booking joins records only on the word of the national feed or of the prison that holds the person.
"""

from datetime import date, datetime
from typing import Literal

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from caseload.domain.hmpps import status_of
from caseload.domain.identifiers import Identifier, InvalidIdentifier, canonical
from caseload.domain.matching import Doubt
from caseload.models import AgencyRow, HmppsMessage, MatchingDoubt, MovementRow, Person, PersonIdentifier
from caseload.operations.custody import COUNTS, OPENED, NotAPrison, Report, apply_report, recompute
from caseload.operations.merges import merge
from caseload.operations.registration_plan import lock_identifiers
from caseload.queries import facts, people
from chassis.auth import Actor
from chassis.ids import new_id
from contracts.caseload import EVERY_PRISON
from contracts.codes import AgencyKind, CustodyStatus, Scheme
from contracts.hmpps import HmppsEvent, HmppsKind, ensure_speaks_for

Outcome = Literal[
    "applied",
    "stale",
    "not-a-movement",
    "unknown-person",
    "prison-not-registered",
    "identifier-added",
    "merged",
    "queued",
    "same-record",
    "booking-moved",
]


USED = frozenset({HmppsKind.RECEIVED, HmppsKind.RELEASED, HmppsKind.MERGED, HmppsKind.BOOKING_MOVED})
"""Kinds that caseload deals with; sentence dates are release-notify's."""


async def apply_hmpps_event(session: AsyncSession, *, event: HmppsEvent, actor: Actor, now: datetime) -> Outcome | None:
    """Deals with one message of a used kind; None if it was dealt with before. NotAPrison, NotYourPrison."""
    caller = await session.get(AgencyRow, actor.agency) if actor.kind is AgencyKind.PRISON else None
    if caller is None:
        raise NotAPrison()
    ensure_speaks_for(event, caller.mdi)
    first = await session.execute(
        insert(HmppsMessage)
        .values(event_id=event.event_id, kind=event.kind, agency=actor.agency, outcome="", received_at=now)
        .on_conflict_do_nothing()
        .returning(col(HmppsMessage.event_id))
    )
    if first.first() is None:
        return None
    outcome = await _apply(session, event, caller, now)
    await session.execute(
        text("UPDATE hmpps_message SET outcome = :outcome WHERE event_id = :id"),
        {"outcome": outcome, "id": event.event_id},
    )
    return outcome


async def _apply(session: AsyncSession, event: HmppsEvent, caller: AgencyRow, now: datetime) -> Outcome:
    if event.kind is HmppsKind.MERGED:
        return await _merge(session, event, caller, now)
    if event.kind is HmppsKind.BOOKING_MOVED:
        return await _move_booking(session, event, caller, now)
    return await _movement(session, event, now)


async def _movement(session: AsyncSession, event: HmppsEvent, now: datetime) -> Outcome:
    status = status_of(event)
    number = _number(event.prison_number, now.date())
    if status is None:
        return "not-a-movement"
    prison = await _prison(session, event.prison_id)
    if prison is None:
        return "prison-not-registered"
    await lock_identifiers(session, [number])
    person_id = await _person(session, number, agency=prison)
    if person_id is None:
        if status is CustodyStatus.RELEASED:
            return "unknown-person"
        person_id = await _register_number(session, number, agency=prison, now=now)
    person_id = (await people.lock(session, [person_id]))[person_id]
    report = Report(
        status,
        min(event.occurred_at, now),
        prison,
        prison if status is CustodyStatus.TRANSFERRED else None,
        event.movement_reason_code,
        national=True,
        event_id=event.event_id,
    )
    _, outcome = await apply_report(session, person_id=person_id, report=report, now=now)
    return outcome


async def _merge(session: AsyncSession, event: HmppsEvent, caller: AgencyRow, now: datetime) -> Outcome:
    kept = _number(event.prison_number, now.date())
    removed = _number(event.removed_number, now.date())
    await lock_identifiers(session, [kept, removed])
    kept_id = await _person(session, kept, agency=caller.id)
    removed_id = await _person(session, removed, agency=caller.id)
    if kept_id is None and removed_id is None:
        return "unknown-person"
    if kept_id is None or removed_id is None:
        known = kept_id or removed_id
        assert known is not None
        if not await _may_join(session, caller, known):
            await _doubt(session, known, None, removed if kept_id else kept, caller.id, now)
            return "queued"
        locked = (await people.lock(session, [known]))[known]
        await _add_number(session, removed if kept_id else kept, locked, caller.id, now)
        return "identifier-added"
    if kept_id == removed_id:
        return "same-record"
    if not await _may_join(session, caller, kept_id, removed_id):
        await _doubt(session, kept_id, removed_id, removed, caller.id, now)
        return "queued"
    await merge(session, kept_id=kept_id, removed_id=removed_id, cause="hmpps", merged_by=caller.id, now=now)
    return "merged"


async def _move_booking(session: AsyncSession, event: HmppsEvent, caller: AgencyRow, now: datetime) -> Outcome:
    """The movements of a booking were written under another person's number: they move to the right person."""
    source, target = _number(event.moved_from, now.date()), _number(event.moved_to, now.date())
    await lock_identifiers(session, [source, target])
    from_id = await _person(session, source, agency=caller.id)
    if from_id is None:
        return "unknown-person"
    to_id = await _person(session, target, agency=caller.id)
    if to_id == from_id:
        return "same-record"
    if not await _may_join(session, caller, from_id, *((to_id,) if to_id else ())):
        await _doubt(session, from_id, to_id, target, caller.id, now)
        return "queued"
    to_id = to_id or await _register_number(session, target, agency=caller.id, now=now)
    locked = await people.lock(session, [from_id, to_id])
    from_id, to_id = locked[from_id], locked[to_id]
    if to_id == from_id:
        return "same-record"
    custody = await facts.custody_of(session, from_id)
    opened = await session.get(MovementRow, custody.custody_id) if custody else None
    since = event.booking_started_at or (opened.occurred_at if opened else None)
    if since is None:
        return "not-a-movement"
    registered = opened.id if opened and opened.outcome == OPENED else None
    await session.execute(
        text(
            "UPDATE movement SET person_id = :to, recorded_person_id = :to WHERE person_id = :from"
            " AND outcome = ANY(:counts) AND (occurred_at >= :since OR id >= CAST(:registered AS varchar))"
        ),
        {"to": to_id, "from": from_id, "counts": list(COUNTS), "since": since, "registered": registered},
    )
    for person_id in (from_id, to_id):
        await recompute(session, person_id=person_id, via="movement", now=now)
    return "booking-moved"


def _number(value: str | None, today: date) -> Identifier:
    try:
        return canonical(Scheme.NOMS, value or "", today=today)
    except InvalidIdentifier as refused:
        raise InvalidIdentifier(refused.detail, pointer="/additionalInformation") from None


async def _prison(session: AsyncSession, code: str | None) -> str | None:
    rows = await session.scalars(select(AgencyRow.id).where(AgencyRow.mdi == code, col(AgencyRow.mdi) != EVERY_PRISON))
    return rows.first()


async def _person(session: AsyncSession, number: Identifier, *, agency: str) -> str | None:
    """The person under this number as this prison registered it, else as anyone did."""
    own = (await people.own_by_identifier(session, agency, [number])).get(number)
    return own or (await people.holders(session, [number])).get(number)


async def _may_join(session: AsyncSession, caller: AgencyRow, *ids: str) -> bool:
    if caller.mdi == EVERY_PRISON:
        return True
    held = [await facts.custody_of(session, person_id) for person_id in ids]
    return any(custody is not None and custody.prison == caller.id for custody in held)


async def _register_number(session: AsyncSession, number: Identifier, *, agency: str, now: datetime) -> str:
    person_id = new_id()
    session.add(Person(id=person_id, created_at=now))
    await session.flush()
    await _add_number(session, number, person_id, agency, now)
    return person_id


async def _add_number(session: AsyncSession, number: Identifier, person_id: str, agency: str, now: datetime) -> None:
    session.add(
        PersonIdentifier(
            scheme=number.scheme,
            value=number.value,
            person_id=person_id,
            recorded_person_id=person_id,
            recorded_by=agency,
            recorded_at=now,
        )
    )
    await session.flush()


async def _doubt(
    session: AsyncSession, person_id: str, other_id: str | None, number: Identifier, raised_by: str, now: datetime
) -> None:
    """Leaves it to people whether the two are one."""
    await session.execute(
        insert(MatchingDoubt)
        .values(
            id=new_id(),
            kind=Doubt.TWO_PERSONS if other_id else Doubt.SECOND_VALUE,
            person_id=person_id,
            other_person_id=other_id,
            scheme=number.scheme,
            value=number.value,
            raised_by=raised_by,
            state="open",
            raised_at=now,
        )
        .on_conflict_do_nothing()
    )
