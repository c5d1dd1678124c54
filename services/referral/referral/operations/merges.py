"""Two numbers become one person, or turn out to be two after all. What is about them moves, with its states."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.caseload import PersonMergedV1, PersonUnmergedV1
from referral.operations.releases import judge_again
from referral.queries.persons import lock_persons

MOVING = ("referral", "release", "screening")

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
    kept = await lock_persons(session, [merged.kept_id, merged.removed_id])
    both = {"kept": kept[merged.kept_id], "removed": kept[merged.removed_id]}
    if both["kept"] == both["removed"]:
        return
    await session.execute(text("UPDATE person SET merged_into = :kept WHERE person_id = :removed"), both)
    for table in MOVING:
        await session.execute(
            text(f"UPDATE {table} SET person_id = :kept WHERE person_id = :removed"),  # noqa: S608 - from MOVING
            both,
        )
    await judge_again(session, [both["kept"]], agencies=None, now=now)


async def unmerge(session: AsyncSession, unmerged: PersonUnmergedV1, *, now: datetime) -> None:
    """Moves back what was recorded under the removed number, and under numbers merged into it before.

    It parts from whatever person it belongs to: of nested merges an inner one may be undone.
    """
    present = await lock_persons(session, [unmerged.kept_id, unmerged.removed_id])
    both = {"kept": present[unmerged.removed_id], "removed": unmerged.removed_id}
    if both["kept"] == both["removed"]:
        return
    await session.execute(text("UPDATE person SET merged_into = NULL WHERE person_id = :removed"), both)
    numbers = list((await session.execute(text(_ALL_OF), both)).scalars())
    for table in MOVING:
        await session.execute(
            text(f"UPDATE {table} SET person_id = :removed WHERE recorded_person_id = ANY(:numbers)"),  # noqa: S608
            both | {"numbers": numbers},
        )
    await lock_persons(session, both.values())
    await judge_again(session, sorted(both.values()), agencies=None, now=now)
