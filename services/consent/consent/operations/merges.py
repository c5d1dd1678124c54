"""Merging two persons and undoing it. Both rows are locked; restriction wins; what moved is moved back exactly.

What was taken back while the two were one holds for both.
"""

from datetime import datetime

from sqlalchemy import text, update
from sqlalchemy.ext.asyncio import AsyncSession

from consent.models import (
    ConsentRow,
    EmergencyRequestRow,
    InvolvementRow,
    MappaRow,
    ObjectionRow,
    OfferRow,
    PersonRow,
    ReviewRow,
    ShareRow,
    WithdrawalRow,
)
from consent.operations.parting import keep_taken_back
from consent.operations.persons import Taken, tick

MOVES = (
    InvolvementRow,
    MappaRow,
    ConsentRow,
    WithdrawalRow,
    ObjectionRow,
    EmergencyRequestRow,
    OfferRow,
    ShareRow,
    ReviewRow,
)
"""Everything that is about a person."""


async def merge(
    session: AsyncSession, *, kept: str, removed: str, merged_at: datetime, taken: Taken, now: datetime
) -> list[PersonRow]:
    """Moves everything of the removed person to the kept one; returns the persons to decide again.

    They were one from `merged_at`: callers name the kept person from then on, whenever this service hears of it.
    """
    parted = await _part_first(session, kept=kept, removed=removed, taken=taken, now=now)
    into, gone = taken.by_number[kept], taken.by_number[removed]
    if into.id == gone.id:
        return parted
    await session.flush()
    for table in MOVES:
        await session.execute(update(table).where(table.person_id == gone.id).values(person_id=into.id))  # type: ignore[arg-type]
    into.restricted = into.restricted or gone.restricted
    into.clock = max(into.clock, gone.clock)
    into.version = max(into.version, gone.version)
    tick(into, now)
    gone.alias_of, gone.decide_again_at, gone.queued_at = kept, None, None
    gone.clock = min(merged_at, now)
    for number, person in taken.by_number.items():
        if person.id == gone.id:
            taken.by_number[number] = into
    await session.flush()
    return [*parted, into]


async def _part_first(
    session: AsyncSession, *, kept: str, removed: str, taken: Taken, now: datetime
) -> list[PersonRow]:
    """Undoes what was undone before these two were merged, where that is not heard of yet: it is another stream.

    Only two that stand alone are merged. So the removed number is nobody else's, nor is the kept one the removed one's;
    else somebody who has nothing to do with it would be merged along. The kept one may have been merged on since.
    """
    await session.flush()
    own = await session.get_one(PersonRow, removed, populate_existing=True)
    if own.alias_of not in (None, kept):
        return await unmerge(session, removed=removed, taken=taken, now=now)
    if taken.by_number[kept].id == removed:
        return await unmerge(session, removed=kept, taken=taken, now=now)
    return []


async def unmerge(session: AsyncSession, *, removed: str, taken: Taken, now: datetime) -> list[PersonRow]:
    """Gives back what was recorded under the removed number, and under numbers merged into it before."""
    back = await session.get(PersonRow, removed, with_for_update=True, populate_existing=True)
    if back is None or back.alias_of is None:
        return []
    into = taken.by_number[removed]
    numbers = (await session.scalars(text(_NUMBERS), {"id": removed})).all()
    await session.flush()
    for table in MOVES:
        await session.execute(
            update(table)
            .where(table.person_id == into.id, table.recorded_person_id.in_(numbers))  # type: ignore[arg-type, attr-defined]
            .values(person_id=back.id)
        )
    under, one_since = back.alias_of, back.clock
    back.alias_of = None
    back.restricted = into.restricted
    back.clock, back.version = into.clock, into.version
    tick(back, now)
    tick(into, now)
    await session.flush()
    await keep_taken_back(session, kept=into, under=under, removed=back, one_since=one_since)
    for number in taken.by_number:
        if number in numbers:
            taken.by_number[number] = back
    await session.flush()
    return [into, back]


_NUMBERS = """
WITH RECURSIVE numbers AS (
    SELECT CAST(:id AS varchar) AS id
    UNION SELECT person.id FROM person JOIN numbers ON person.alias_of = numbers.id
)
SELECT id FROM numbers
"""
