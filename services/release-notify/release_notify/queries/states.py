"""One person's state, or many at once in a fixed number of statements.

`locked_states` takes the persons' rows FOR UPDATE in id order; who writes anything about a person holds that lock.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.codes import DateType
from release_notify.domain.state import DateFact, State
from release_notify.queries.rows import custody_of, date_of, release_of

_OPEN = "INSERT INTO person (person_id) SELECT unnest(CAST(:ids AS text[])) ON CONFLICT DO NOTHING"
_LOCK = "SELECT person_id, merged_into, pending_since FROM person WHERE person_id = ANY(:ids) ORDER BY person_id"
_CUSTODY = """
SELECT DISTINCT ON (person_id) * FROM custody WHERE person_id = ANY(:ids)
ORDER BY person_id, moved_at DESC NULLS LAST, occurred_at DESC
"""
_RELEASE = """
SELECT * FROM release WHERE recorded_person_id = ANY(:ids) AND person_id = recorded_person_id AND closed_at IS NULL
"""
_DATES = """
SELECT DISTINCT ON (r.person_id, d.date_type) r.person_id, d.*
FROM release r JOIN release_date d USING (release_id)
WHERE r.person_id = ANY(:ids) AND r.closed_at IS NULL
ORDER BY r.person_id, d.date_type, d.changed_at DESC, d.version DESC
"""
_SEQUENCES = """
SELECT person_id, prison, date_type, max(last_sequence) AS last_sequence FROM sequence WHERE person_id = ANY(:ids)
GROUP BY person_id, prison, date_type
"""
_ALIASES = """
WITH RECURSIVE chain (asked, person_id, merged_into) AS (
    SELECT person_id, person_id, merged_into FROM person WHERE person_id = ANY(:ids)
    UNION ALL
    SELECT c.asked, p.person_id, p.merged_into FROM chain c JOIN person p ON p.person_id = c.merged_into
)
SELECT asked, person_id FROM chain WHERE merged_into IS NULL
"""


async def resolve(session: AsyncSession, person_ids: Iterable[str]) -> dict[str, str]:
    """Every id -> the id that its person has now; an id never heard of is its own."""
    ids = sorted(set(person_ids))
    found = await session.execute(text(_ALIASES), {"ids": ids})
    kept: dict[str, str] = {row.asked: row.person_id for row in found}
    return {person_id: kept.get(person_id, person_id) for person_id in ids}


async def erased_of(session: AsyncSession, person_ids: Iterable[str]) -> set[str]:
    """Those of these ids that were erased."""
    statement = text("SELECT person_id FROM person WHERE person_id = ANY(:ids) AND erased_at IS NOT NULL")
    return set(await session.scalars(statement, {"ids": sorted(set(person_ids))}))


async def locked_states(session: AsyncSession, person_ids: Iterable[str]) -> dict[str, State]:
    """The states of these ids' persons by the id asked for, locked until the transaction ends."""
    kept, persons = await lock_persons(session, person_ids)
    states = await _states(session, persons)
    return {person_id: states[now_id] for person_id, now_id in kept.items()}


async def lock_persons(session: AsyncSession, person_ids: Iterable[str]) -> tuple[dict[str, str], Sequence[RowMapping]]:
    """Locks these persons in id order; every id asked for -> the id its person has now, and the rows of the latter."""
    asked = sorted(set(person_ids))
    if not asked:
        return {}, ()
    await session.execute(text(_OPEN), {"ids": asked})
    kept = await resolve(session, asked)
    while True:
        rows = await session.execute(text(_LOCK + " FOR UPDATE"), {"ids": sorted(set(kept.values()))})
        persons = rows.mappings().all()
        followed = kept != {person_id: person_id for person_id in asked}
        if not followed and all(row["merged_into"] is None for row in persons):
            return kept, persons
        before, kept = kept, await resolve(session, asked)  # merged or parted while this waited for the lock
        if kept == before:
            return kept, persons


async def state(session: AsyncSession, person_id: str) -> State:
    """The state of one person, to read; of one never heard of, an empty one."""
    kept = (await resolve(session, [person_id]))[person_id]
    rows = (await session.execute(text(_LOCK), {"ids": [kept]})).mappings().all()
    return (await _states(session, rows)).get(kept, State(kept))


async def _states(session: AsyncSession, persons: Iterable[RowMapping]) -> dict[str, State]:
    pending = {row["person_id"]: row["pending_since"] is not None for row in persons}
    ids = {"ids": list(pending)}

    async def rows(statement: str) -> Sequence[RowMapping]:
        return (await session.execute(text(statement), ids)).mappings().all()

    custody = {row["person_id"]: custody_of(row) for row in await rows(_CUSTODY)}
    release = {row["person_id"]: release_of(row) for row in await rows(_RELEASE)}
    dates: dict[str, dict[DateType, DateFact]] = {person_id: {} for person_id in pending}
    for row in await rows(_DATES):
        dates[row["person_id"]][DateType(row["date_type"])] = date_of(row)
    sequences: dict[str, dict[tuple[str, DateType], int]] = {person_id: {} for person_id in pending}
    for row in await rows(_SEQUENCES):
        sequences[row["person_id"]][row["prison"], DateType(row["date_type"])] = row["last_sequence"]
    return {
        person_id: State(
            person_id,
            custody=custody.get(person_id),
            pending=pending[person_id],
            release=release.get(person_id),
            dates=dates[person_id],
            sequences=sequences[person_id],
        )
        for person_id in pending
    }
