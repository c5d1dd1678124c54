"""Two numbers become one person, or turn out to be two after all. What is about them moves, with its states."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.caseload import PersonMergedV1, PersonUnmergedV1
from referral.operations.releases import judge_again
from referral.queries.persons import lock_persons

MOVING = ("referral", "release", "screening")

_INTO = "SELECT merged_into FROM person WHERE person_id = :removed"
_ALL_OF = """
WITH RECURSIVE under (person_id) AS (
    SELECT CAST(:removed AS varchar)
    UNION
    SELECT p.person_id FROM person p JOIN under u ON p.merged_into = u.person_id
)
SELECT person_id FROM under
"""


async def merge(session: AsyncSession, merged: PersonMergedV1, *, now: datetime) -> None:
    """Moves everything of the removed number to the kept one; a second time it changes nothing."""
    await _part_first(session, merged, now)
    present = await lock_persons(session, [merged.kept_id, merged.removed_id])
    kept, removed = present[merged.kept_id], present[merged.removed_id]
    if kept == removed:
        return
    await session.execute(
        text("UPDATE person SET merged_into = :kept WHERE person_id = :removed"),
        {"kept": merged.kept_id, "removed": removed},
    )
    for table in MOVING:
        await session.execute(
            text(f"UPDATE {table} SET person_id = :kept WHERE person_id = :removed"),  # noqa: S608 - from MOVING
            {"kept": kept, "removed": removed},
        )
    await judge_again(session, [kept], agencies=None, now=now)


async def unmerge(session: AsyncSession, unmerged: PersonUnmergedV1, *, now: datetime) -> None:
    """Moves back what was recorded under the removed number, and under numbers merged into it before.

    It parts from whatever person it belongs to: of nested merges an inner one may be undone.
    """
    await _part(session, unmerged.removed_id, now)


async def _part_first(session: AsyncSession, merged: PersonMergedV1, now: datetime) -> None:
    """Undoes what was undone before these two were merged, where that is not heard of yet: it is another stream.

    Only two that stand alone are merged. So the removed number is nobody else's, nor is the kept one the removed one's;
    else somebody who has nothing to do with it would be merged along. The kept one may have been merged on since.
    """
    present = await lock_persons(session, [merged.kept_id, merged.removed_id])
    into = await session.scalar(text(_INTO), {"removed": merged.removed_id})
    if into not in (None, merged.kept_id):
        await _part(session, merged.removed_id, now)
    elif present[merged.kept_id] == merged.removed_id:
        await _part(session, merged.kept_id, now)


async def _part(session: AsyncSession, number: str, now: datetime) -> None:
    kept = (await lock_persons(session, [number]))[number]
    if kept == number:
        return
    await session.execute(text("UPDATE person SET merged_into = NULL WHERE person_id = :removed"), {"removed": number})
    numbers = list((await session.execute(text(_ALL_OF), {"removed": number})).scalars())
    for table in MOVING:
        await session.execute(
            text(f"UPDATE {table} SET person_id = :removed WHERE recorded_person_id = ANY(:numbers)"),  # noqa: S608
            {"removed": number, "numbers": numbers},
        )
    await lock_persons(session, [kept, number])
    await judge_again(session, sorted({kept, number}), agencies=None, now=now)
