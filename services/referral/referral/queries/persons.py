"""Persons by the id they have now, locked in id order: who writes anything about a person holds that lock."""

from collections.abc import Iterable

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.errors import NotFound

_OPEN = "INSERT INTO person (person_id) SELECT unnest(CAST(:ids AS text[])) ON CONFLICT DO NOTHING"
_LOCK = "SELECT person_id, merged_into FROM person WHERE person_id = ANY(:ids) ORDER BY person_id FOR UPDATE"
_ERASED = "SELECT person_id FROM person WHERE person_id = ANY(:ids) AND erased_at IS NOT NULL"
_ALIASES = """
WITH RECURSIVE chain (asked, person_id, merged_into) AS (
    SELECT person_id, person_id, merged_into FROM person WHERE person_id = ANY(:ids)
    UNION ALL
    SELECT c.asked, p.person_id, p.merged_into FROM chain c JOIN person p ON p.person_id = c.merged_into
)
SELECT asked, person_id FROM chain WHERE merged_into IS NULL
"""
_OF_SUBJECTS = """
SELECT person_id FROM referral WHERE referral_id = ANY(:subjects)
UNION SELECT person_id FROM referral WHERE status_id = ANY(:subjects)
UNION SELECT person_id FROM screening WHERE screening_id = ANY(:subjects)
"""


class PersonNotFound(NotFound):
    """There is no such person, or they are not yours to see."""

    code = "person-not-found"


async def resolve(session: AsyncSession, person_ids: Iterable[str]) -> dict[str, str]:
    """Every id -> the id that its person has now; an id never heard of is its own."""
    ids = sorted(set(person_ids))
    found = await session.execute(text(_ALIASES), {"ids": ids})
    kept: dict[str, str] = {row.asked: row.person_id for row in found}
    return {person_id: kept.get(person_id, person_id) for person_id in ids}


async def lock_persons(session: AsyncSession, person_ids: Iterable[str]) -> dict[str, str]:
    """Locks these persons; every id asked for -> the id that its person has now."""
    asked = sorted(set(person_ids))
    if not asked:
        return {}
    await session.execute(text(_OPEN), {"ids": asked})
    kept = await resolve(session, asked)
    while True:
        rows = await session.execute(text(_LOCK), {"ids": sorted(set(kept.values()))})
        followed = kept != {person_id: person_id for person_id in asked}
        if not followed and all(row.merged_into is None for row in rows):
            return kept
        before, kept = kept, await resolve(session, asked)  # merged or parted while this waited for the lock
        if kept == before:
            return kept


async def lock_with_subjects(session: AsyncSession, person_ids: Iterable[str], subjects: Iterable[str]) -> None:
    """Locks these persons, and whose the referrals, answers and screening requests are that are named as subjects: who
    names them may have heard of a merge that is not heard of here, or of its undoing."""
    ids, named = set(person_ids), sorted(set(subjects))
    owners = await _of_subjects(session, named)
    while True:
        await lock_persons(session, ids | owners)
        before, owners = owners, await _of_subjects(session, named)  # they may have moved while this waited
        if owners == before:
            return


async def _of_subjects(session: AsyncSession, subjects: list[str]) -> set[str]:
    return set(await session.scalars(text(_OF_SUBJECTS), {"subjects": subjects})) if subjects else set()


async def lock_person(session: AsyncSession, person_id: str) -> str:
    """Locks one person and returns the id they have now. Raises PersonNotFound of who was erased."""
    kept = (await lock_persons(session, [person_id]))[person_id]
    if await session.scalar(text(_ERASED), {"ids": [person_id, kept]}):
        raise PersonNotFound
    return kept


async def erased_of(session: AsyncSession, person_ids: Iterable[str]) -> set[str]:
    """Those of these ids that were erased."""
    return set(await session.scalars(text(_ERASED), {"ids": sorted(set(person_ids))}))
