"""Merging two persons and undoing it. Both rows are locked; restriction wins; what moved is moved back exactly.

What was taken back while the two were one holds for both.

Merges and their undoings come in the streams of the numbers that are kept, so they may pass each other: of what is
heard of a number the latest holds, by the instant that caseload gave it.
"""

from collections.abc import Collection
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
    parted = await _stood_alone(session, removed, merged_at, taken=taken, now=now)
    if parted is None:
        return []
    parted += await _stood_alone(session, kept, merged_at, taken=taken, now=now) or []
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


async def _stood_alone(
    session: AsyncSession, number: str, at: datetime, *, taken: Taken, now: datetime
) -> list[PersonRow] | None:
    """Parts the number from whom it was merged into before, and returns who was parted. None if something later is
    known of it.

    At that instant it was nobody else's: only two that stand alone are merged, and who is parted stands alone.
    """
    await session.flush()
    own = await session.get_one(PersonRow, number, populate_existing=True)
    known_at = own.merged_or_parted_at
    if known_at is not None and known_at > at:
        return None
    parted = await _part(session, number, taken=taken, now=now) if known_at != at else []
    own.merged_or_parted_at = at
    return parted


async def unmerge(
    session: AsyncSession, *, removed: str, parted_at: datetime, taken: Taken, now: datetime
) -> list[PersonRow]:
    """Gives back what was recorded under the removed number, and under numbers merged into it before."""
    parted = await _stood_alone(session, removed, parted_at, taken=taken, now=now)
    if parted is None:
        return []
    return parted or await _part(session, removed, taken=taken, now=now)  # of one instant the undoing is the later


async def part_others(session: AsyncSession, ids: Collection[str], *, taken: Taken, now: datetime) -> list[PersonRow]:
    """Parts from these, who are to be erased, whoever is not named with them; returns who was parted.

    That merge was undone: no erasure leaves out who is one with its person. It may not have been heard here yet.
    """
    parted: list[PersonRow] = []
    for number in sorted(await others_of(session, ids)):
        parted += await _part(session, number, taken=taken, now=now)
    return parted


async def others_of(session: AsyncSession, ids: Collection[str]) -> set[str]:
    """The numbers that are merged into one of these, and are none of them."""
    return set(await session.scalars(text(_OTHERS), {"ids": sorted(ids)})) if ids else set()


async def _part(session: AsyncSession, number: str, *, taken: Taken, now: datetime) -> list[PersonRow]:
    await session.flush()
    back = await session.get_one(PersonRow, number, with_for_update=True, populate_existing=True)
    if back.alias_of is None:
        return []
    into = taken.by_number[number]
    numbers = (await session.scalars(text(_NUMBERS), {"id": number})).all()
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
    for each in taken.by_number:
        if each in numbers:
            taken.by_number[each] = back
    await session.flush()
    return [into, back]


_OTHERS = "SELECT id FROM person WHERE alias_of = ANY(:ids) AND id <> ALL(:ids)"
_NUMBERS = """
WITH RECURSIVE numbers AS (
    SELECT CAST(:id AS varchar) AS id
    UNION SELECT person.id FROM person JOIN numbers ON person.alias_of = numbers.id
)
SELECT id FROM numbers
"""
