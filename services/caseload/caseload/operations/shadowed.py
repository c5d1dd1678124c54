"""Sections of which one agency has two about one person, after a merge: one speaks, the other is shadowed.

An agency reads and writes the one of the kept record (or, of two others, the newer). What it can neither read nor
change is offered to nobody, until the merge is undone and it can.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from caseload.models import Section
from caseload.operations.offers import section_offer
from caseload.operations.sections import mappa_event
from chassis.outbox import emit_all
from contracts.content import Mappa
from contracts.event import EventData

_SHADOWED = """
SELECT id FROM (
    SELECT id, row_number() OVER (
        PARTITION BY person_id, agency, category ORDER BY recorded_person_id <> person_id, updated_at DESC, id
    ) AS place
    FROM section WHERE person_id = ANY(:persons)
) s WHERE place > 1
"""


async def shadowed(session: AsyncSession, *persons: str) -> set[str]:
    """The ids of sections that another of the same person, agency and category stands before."""
    return set(await session.scalars(text(_SHADOWED), {"persons": list(persons)}))


async def tell_of_shadows(
    session: AsyncSession, *, before: Collection[str], after: Collection[str], now: datetime
) -> None:
    """Retracts what is shadowed now and was not, and offers again what was and is not. Their persons are locked."""
    told: list[EventData] = []
    for row in await _sections(session, set(before) ^ set(after)):
        retracted = row.id in after
        row.version += 1
        if mappa := row.content.get("mappa"):
            told.append(mappa_event(row, Mappa(managed=False) if retracted else Mappa.model_validate(mappa), now=now))
        told.append(section_offer(row, now=now, retracted=retracted))
    await session.flush()
    await emit_all(session, told, now=now)


async def _sections(session: AsyncSession, ids: Collection[str]) -> Sequence[Section]:
    rows = await session.scalars(select(Section).where(col(Section.id).in_(ids)).order_by(col(Section.id)))
    return rows.all()
