"""Telling of what one agency has twice about one person, after a merge: one speaks, the other is shadowed.

What the agency can neither read nor change is offered to nobody, until the merge is undone and it can.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from caseload.models import Registration, Section
from caseload.operations.offers import identity_offer, section_offer
from caseload.operations.sections import mappa_event
from caseload.queries.facts import identifiers_of
from chassis.outbox import emit_all
from contracts.content import Mappa
from contracts.event import EventData

Row = TypeVar("Row", Registration, Section)


async def tell_of_shadows(
    session: AsyncSession, *, before: Collection[str], after: Collection[str], now: datetime
) -> None:
    """Retracts what is shadowed now and was not, and offers again what was and is not. Their persons are locked."""
    told: list[EventData] = []
    turned = set(before) ^ set(after)
    for registration in await _rows(session, Registration, turned):
        registration.version += 1
        given = await identifiers_of(session, registration.id)
        told.append(identity_offer(registration, given, now=now, retracted=registration.id in after))
    for section in await _rows(session, Section, turned):
        retracted = section.id in after
        section.version += 1
        if mappa := section.content.get("mappa"):
            said = Mappa(managed=False) if retracted else Mappa.model_validate(mappa)
            told.append(mappa_event(section, said, now=now))
        told.append(section_offer(section, now=now, retracted=retracted))
    await session.flush()
    await emit_all(session, told, now=now)


async def _rows(session: AsyncSession, table: type[Row], ids: Collection[str]) -> Sequence[Row]:
    rows = await session.scalars(select(table).where(col(table.id).in_(ids)).order_by(col(table.id)))
    return rows.all()
