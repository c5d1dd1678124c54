"""Erasing a person from beside the log: keys, salts and details go, and nothing in the log says any more whose it was.

The log itself is not touched, so every signature and every proof still holds. What is appended later about a person who
was erased (a read on its way, a parked decision) gets a tag that nobody keeps the key of, and no detail.
"""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from audit.domain.drafts import person_ref
from chassis.forgetting import empty_waiting
from contracts.consent import ErasureRecordedV1

_ERASE = (
    "INSERT INTO erased_person (person_id, erased_at) SELECT unnest(CAST(:ids AS text[])), :now ON CONFLICT DO NOTHING",
    "DELETE FROM log_detail WHERE person_id = ANY(:ids)",
    "DELETE FROM log_detail WHERE subject_ref = ANY(:subjects)",
    "DELETE FROM subject_key WHERE ref = ANY(:refs)",
    "DELETE FROM claim WHERE person_id = ANY(:ids)",
    "DELETE FROM person_alias WHERE removed_id = ANY(:ids) OR kept_id = ANY(:ids)",
)


async def note_erasure(session: AsyncSession, event: ErasureRecordedV1, *, now: datetime) -> None:
    """Erases these ids and what was offered about them; a second time it changes nothing."""
    ids = list(event.person_ids)
    names = {"ids": ids, "subjects": list(event.subjects), "refs": [person_ref(each) for each in ids], "now": now}
    for statement in _ERASE:
        await session.execute(text(statement), names)
    await empty_waiting(session, ids)


async def erased_of(session: AsyncSession, ids: Iterable[str]) -> set[str]:
    """Those of these persons who were erased."""
    statement = text("SELECT person_id FROM erased_person WHERE person_id = ANY(:ids)")
    return set(await session.scalars(statement, {"ids": sorted(set(ids))}))
