"""Two numbers become one person, or turn out to be two after all. What is about them moves, with its states.

Merges and their undoings come in the streams of the numbers that are kept, so they may pass each other: of what is
heard of a number the latest holds, by the instant that caseload gave it.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.caseload import PersonMergedV1, PersonUnmergedV1
from referral.operations.releases import judge_again
from referral.queries.persons import lock_persons

MOVING = ("referral", "release", "screening")

_KNOWN = "SELECT merged_into, merged_or_parted_at AS at FROM person WHERE person_id = :number"
_NOTE = "UPDATE person SET merged_or_parted_at = :at WHERE person_id = :number"
_OTHERS = "SELECT person_id FROM person WHERE merged_into = ANY(:ids) AND person_id <> ALL(:ids) ORDER BY person_id"
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
    await lock_persons(session, [merged.kept_id, merged.removed_id])
    if not await _stood_alone(session, merged.removed_id, merged.at, now=now):
        return
    await _stood_alone(session, merged.kept_id, merged.at, now=now)
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
    await lock_persons(session, [unmerged.removed_id])
    if await _stood_alone(session, unmerged.removed_id, unmerged.at, now=now):
        await _part(session, unmerged.removed_id, now)  # of two words of one instant the undoing is the later


async def part_others(session: AsyncSession, ids: Collection[str], *, now: datetime) -> None:
    """Parts from these, who are to be erased, whoever is not named with them.

    That merge was undone: no erasure leaves out who is one with its person. It may not have been heard here yet.
    """
    for number in (await session.scalars(text(_OTHERS), {"ids": list(ids)})).all():
        await _part(session, number, now)


async def _stood_alone(session: AsyncSession, number: str, at: datetime, *, now: datetime) -> bool:
    """Parts the number from whom it was merged into before. False if something later is known of it.

    At that instant it was nobody else's: only two that stand alone are merged, and who is parted stands alone.
    """
    known = (await session.execute(text(_KNOWN), {"number": number})).one()
    if known.at is not None and known.at > at:
        return False
    if known.merged_into is not None and known.at != at:
        await _part(session, number, now)
    await session.execute(text(_NOTE), {"number": number, "at": at})
    return True


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
