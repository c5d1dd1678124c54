"""Movements into, between and out of prisons. Each is kept; an applied one moves custody, involvement and the offer of
custody status together, under the person's lock. A registration that opens custody is kept among them, as no movement.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel, col, or_, select

from caseload.domain.custody import Custody, Movement, ensure_reportable, is_stale, move, replay
from caseload.models import AgencyRow, CustodyRow, MovementRow
from caseload.operations.custodial_involvement import follow_custody, held_by
from caseload.operations.custody_rows import changed_event, custody_row, custody_value
from caseload.operations.involvement_rows import Via
from caseload.operations.involvement_rows import changed_event as involvement_event
from caseload.operations.offers import custody_offer
from caseload.queries import facts, people
from chassis.auth import Actor
from chassis.ids import new_id
from chassis.outbox import Lane, emit_all
from contracts.caseload import EVERY_PRISON
from contracts.codes import AgencyKind, CustodyStatus
from contracts.errors import Invalid, NotPermitted
from contracts.event import EventData

Outcome = Literal["applied", "stale"]
APPLIED: Outcome = "applied"
OPENED = "opened"
"""What a registration did: custody rests on it, and no movement is older than it."""
COUNTS = (APPLIED, OPENED)


class NotAPrison(NotPermitted):
    """Only a prison that can hold people reports movements."""

    code = "not-a-prison"


class UnknownPrison(Invalid):
    """No prison of the register has this id or code."""

    code = "unknown-prison"


@dataclass(frozen=True)
class Report:
    """A movement as told, before it has an id. `to_prison` is an agency id; `opens`: told by registering the person."""

    status: CustodyStatus
    at: datetime
    reporter: str
    to_prison: str | None = None
    reason_code: str | None = None
    national: bool = False
    event_id: str | None = None
    opens: bool = False


async def record_custody_event(
    session: AsyncSession,
    *,
    person_id: str,
    status: CustodyStatus,
    at: datetime,
    to_prison: str | None,
    reason_code: str | None,
    actor: Actor,
    now: datetime,
) -> tuple[str, Outcome]:
    """A prison's own report, for prisons without HMPPS events; returns the movement's id and what became of it.

    NotInCustody where only the holder can say so; UnknownPrison if `to_prison` is no agency id or code of a prison.
    """
    if actor.kind is not AgencyKind.PRISON:
        raise NotAPrison()
    ensure_reportable(status, at=at, to_prison=to_prison, now=now)
    own = await session.get(AgencyRow, actor.agency)
    if own is None or own.mdi == EVERY_PRISON:
        raise NotAPrison()
    receiving = (await _prison(session, to_prison)).id if to_prison else None
    person_id = (await people.lock(session, [person_id]))[person_id]
    report = Report(status, at, actor.agency, receiving, reason_code)
    return await apply_report(session, person_id=person_id, report=report, now=now)


async def apply_report(
    session: AsyncSession,
    *,
    person_id: str,
    report: Report,
    now: datetime,
    via: Via | None = None,
    lane: Lane = Lane.URGENT,
) -> tuple[str, Outcome]:
    """Applies a movement, or keeps it unapplied if older than the last one. The person's row is locked already."""
    row = await facts.custody_of(session, person_id)
    before = custody_value(row)
    movement = Movement(
        new_id(), report.status, report.at, report.reporter, report.to_prison, report.national, report.opens
    )
    outcome: Outcome = "stale" if is_stale(before, report.at) else "applied"
    after = before if outcome == "stale" else move(before, movement)
    session.add(
        MovementRow(
            id=movement.id,
            person_id=person_id,
            recorded_person_id=person_id,
            status=report.status,
            occurred_at=report.at,
            reporter=report.reporter,
            to_prison=report.to_prison,
            reason_code=report.reason_code,
            national=report.national,
            outcome=OPENED if report.opens else outcome,
            event_id=report.event_id,
            recorded_at=now,
        )
    )
    if outcome == "applied" and after is not None:
        await show_custody(
            session,
            person_id=person_id,
            row=row,
            custody=after,
            via=via or ("transfer" if report.status is CustodyStatus.TRANSFERRED else "movement"),
            now=now,
            lane=lane,
        )
    return movement.id, outcome


async def open_custodies(
    session: AsyncSession, *, people: Sequence[str], prison: str, now: datetime, lane: Lane
) -> None:
    """Receives persons of whom no movement is known and with whom the prison is not involved, however many, at once.

    What comes of it is what `apply_report` makes of each; their rows are locked (or new) already.
    """
    movements, custodies, involvements = [], [], []
    for person_id in people:
        movement = Movement(new_id(), CustodyStatus.RECEIVED, now, prison, opens=True)
        custody = move(None, movement)
        movements.append(
            MovementRow(
                id=movement.id,
                person_id=person_id,
                recorded_person_id=person_id,
                status=movement.status,
                occurred_at=now,
                reporter=prison,
                national=False,
                outcome=OPENED,
                recorded_at=now,
            )
        )
        custodies.append(custody_row(person_id, custody))
        involvements.append(held_by(person_id, prison, via="registration", now=now))
    rows: tuple[Sequence[SQLModel], ...] = (movements, custodies, involvements)
    for kind in rows:
        if kind:
            await session.execute(insert(type(kind[0])), [row.model_dump() for row in kind])
    told: list[EventData] = []
    for custody_now, involvement in zip(custodies, involvements, strict=True):
        told += [
            changed_event(custody_now, previous=None, now=now),
            involvement_event(involvement, now=now),
            custody_offer(custody_now, person_id=custody_now.person_id),
        ]
    await emit_all(session, told, now=now, lane=lane)


async def recompute(session: AsyncSession, *, person_id: str, via: Via, now: datetime, always: bool = False) -> None:
    """Works custody out again from a record's applied movements (after a merge, unmerge or moved booking)."""
    row = await facts.custody_of(session, person_id)
    movements = await session.scalars(
        select(MovementRow)
        .where(MovementRow.person_id == person_id, col(MovementRow.outcome).in_(COUNTS))
        .execution_options(populate_existing=True)
    )
    custody = replay(
        Movement(
            each.id,
            CustodyStatus(each.status),
            each.occurred_at,
            each.reporter,
            each.to_prison,
            each.national,
            opens=each.outcome == OPENED,
        )
        for each in movements
    )
    if custody is None and row is not None:
        await _nowhere(session, row, now=now)
    elif custody is not None and (always or custody != custody_value(row)):
        await show_custody(session, person_id=person_id, row=row, custody=custody, via=via, now=now)
    await follow_custody(session, person_id=person_id, custody=custody, via=via, now=now)


async def show_custody(
    session: AsyncSession,
    *,
    person_id: str,
    row: CustodyRow | None,
    custody: Custody,
    via: Via,
    now: datetime,
    lane: Lane = Lane.URGENT,
) -> None:
    """Writes custody and tells it: the event, the involvement that follows, the offer of the newest movement."""
    previous = row.prison if row else None
    if row is None:
        row = custody_row(person_id, custody)
    else:
        for name in ("custody_id", "status", "at", "prison", "last_prison", "movement_id", "moved_at"):
            setattr(row, name, getattr(custody, name))
        row.offer_version += 1
    session.add(row)
    await session.flush()
    told: list[EventData] = [changed_event(row, previous=previous, now=now), custody_offer(row, person_id=person_id)]
    await emit_all(session, told, now=now, lane=lane)
    await follow_custody(session, person_id=person_id, custody=custody, via=via, now=now, lane=lane)


async def retract_custody(session: AsyncSession, *, record_id: str, person_id: str, now: datetime) -> None:
    """Retracts the custody status offered under a record that was merged into `person_id`."""
    row = await facts.custody_of(session, record_id)
    if row is not None:
        row.offer_version += 1
        session.add(row)
        await session.flush()
        await emit_all(session, [custody_offer(row, person_id=person_id, retracted=True)], now=now)


async def _nowhere(session: AsyncSession, row: CustodyRow, *, now: datetime) -> None:
    """No movement is left under this record: nobody holds this person, and nothing is said about custody."""
    previous, row.prison = row.prison, None
    row.status, row.moved_at = CustodyStatus.RELEASED, None
    row.offer_version += 1
    session.add(row)
    await session.flush()
    told: list[EventData] = [
        changed_event(row, previous=previous, now=now),
        custody_offer(row, person_id=row.person_id, retracted=True),
    ]
    await emit_all(session, told, now=now)


async def _prison(session: AsyncSession, name: str) -> AgencyRow:
    rows = await session.scalars(
        select(AgencyRow).where(
            AgencyRow.kind == AgencyKind.PRISON,
            or_(col(AgencyRow.id) == name, col(AgencyRow.mdi) == name.upper()),
            col(AgencyRow.mdi) != EVERY_PRISON,
        )
    )
    found = rows.first()
    if found is None:
        raise UnknownPrison(pointer="/to_prison")
    return found
