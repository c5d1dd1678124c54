"""The national system says that a person's sentence dates changed. It carries no date: the prison's push does."""

from dataclasses import replace
from datetime import datetime
from typing import ClassVar

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth import Actor
from contracts.caseload import EVERY_PRISON, AgencyRegisteredV1
from contracts.codes import AgencyKind
from contracts.errors import Invalid
from contracts.hmpps import HmppsEvent, HmppsKind
from release_notify.domain import changes
from release_notify.domain.address import address_key
from release_notify.models import NationalFeedRow
from release_notify.operations.keep import keep, neighbours
from release_notify.operations.turn import Cause, turn
from release_notify.operations.upsert import upsert
from release_notify.queries.states import locked_states


class NotOfDates(Invalid):
    """Only sentence-dates-changed is taken here."""

    code: ClassVar[str] = "event-not-taken-here"


async def mark_recalculation_pending(
    session: AsyncSession, *, event: HmppsEvent, person_id: str, actor: Actor, now: datetime
) -> bool:
    """Marks the person until the prison pushes. False if this very message was applied before.

    Raises NotOfDates, and NotInCustody unless the caller holds the person or speaks for every prison."""
    if event.kind is not HmppsKind.SENTENCE_DATES_CHANGED:
        raise NotOfDates
    before = (await locked_states(session, [person_id]))[person_id]
    if not await _is_national_feed(session, actor.agency):
        changes.ensure_in_custody(before, actor.agency)
    is_new = await session.execute(
        text(
            "INSERT INTO national_event (event_id, person_id, at) VALUES (:event_id, :person_id, :now)"
            " ON CONFLICT DO NOTHING RETURNING event_id"
        ),
        {"event_id": event.event_id, "person_id": before.person_id, "now": now},
    )
    if is_new.first() is None:
        return False
    cause = Cause("recalculation-pending", actor.agency, actor.member)
    around = await neighbours(session, [address_key(fact.address) for fact in before.dates.values()])
    after = replace(before, pending=True)
    await keep(session, [turn(before, after, cause=cause, neighbours=around, now=now)], now=now)
    return True


async def register_agency(session: AsyncSession, registered: AgencyRegisteredV1) -> None:
    """Remembers which agency is the national feed."""
    agency = registered.agency
    if agency.kind is AgencyKind.PRISON and agency.codes.mdi == EVERY_PRISON:
        await upsert(session, NationalFeedRow, [{"agency_id": agency.id}])
    else:
        await session.execute(text("DELETE FROM national_feed WHERE agency_id = :id"), {"id": agency.id})


async def _is_national_feed(session: AsyncSession, agency: str) -> bool:
    found = await session.scalar(text("SELECT true FROM national_feed WHERE agency_id = :id"), {"id": agency})
    return bool(found)
