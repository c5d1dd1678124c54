"""Erasing a person. Every row about them goes, in every id they ever had; what stays is a bare id marked as erased, so
that whatever comes late finds nobody. Who holds the person's number after that is a new person.

Throughgate acts for the agencies as their processor: whether a person is to be erased is theirs to decide, also while a
prison holds the person. What is refused is what cannot be done: erasing somebody who is not there.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from caseload.queries import people
from chassis.forgetting import empty_waiting
from chassis.ids import new_id
from chassis.outbox import emit, expect_no_answer
from contracts.caseload import PersonErasedV1
from contracts.codes import ErasureReason

OF_PERSON = (
    "person_identifier",
    "registration",
    "taken_on",
    "involvement",
    "movement",
    "section",
    "warning",
)
"""Tables with person_id and recorded_person_id."""

_NAMES = """
DELETE FROM registration_identifier WHERE registration_id IN (
    SELECT id FROM registration WHERE person_id = ANY(:ids) OR recorded_person_id = ANY(:ids)
)
"""
_ONCE_WITH = """
WITH RECURSIVE once AS (
    SELECT id FROM unnest(CAST(:ids AS varchar[])) id
    UNION
    SELECT CASE WHEN merge.kept_id = once.id THEN merge.removed_id ELSE merge.kept_id END
    FROM merge JOIN once ON once.id IN (merge.kept_id, merge.removed_id)
)
SELECT id FROM once WHERE id <> ALL(:ids) ORDER BY id
"""
_OTHERS = (
    "DELETE FROM custody WHERE person_id = ANY(:ids)",
    "DELETE FROM matching_doubt WHERE person_id = ANY(:ids) OR other_person_id = ANY(:ids)",
    "DELETE FROM merge WHERE kept_id = ANY(:ids) OR removed_id = ANY(:ids)",
)


@dataclass(frozen=True)
class Erased:
    """What was done, as it is answered."""

    erasure_id: str
    person_id: str
    at: datetime


async def erase(
    session: AsyncSession, *, person_id: str, reason: ErasureReason, by: str, member: str | None, now: datetime
) -> Erased:
    """Erases the person here and tells everyone else to. PersonNotFound, also of who was erased before."""
    root = (await people.lock(session, [person_id]))[person_id]
    merged = (await people.merged_into(session, [root])).get(root, [])
    ids = [root, *merged]
    await session.execute(text("SELECT id FROM person WHERE id = ANY(:ids) ORDER BY id FOR UPDATE"), {"ids": ids})
    once_with = tuple(await session.scalars(text(_ONCE_WITH), {"ids": ids}))
    await session.execute(text(_NAMES), {"ids": ids})
    for table in OF_PERSON:
        await session.execute(
            text(f"DELETE FROM {table} WHERE person_id = ANY(:ids) OR recorded_person_id = ANY(:ids)"),  # noqa: S608
            {"ids": ids},
        )
    for statement in _OTHERS:
        await session.execute(text(statement), {"ids": ids})
    await session.execute(text("UPDATE person SET erased_at = :now WHERE id = ANY(:ids)"), {"ids": ids, "now": now})
    await empty_waiting(session, ids)
    await expect_no_answer(session, ids, now=now)
    session.expunge_all()
    done = Erased(new_id(), root, now)
    event = PersonErasedV1(
        person_id=root,
        person_ids=tuple(ids),
        once_with=once_with,
        erasure_id=done.erasure_id,
        reason=reason,
        by=by,
        member=member,
        at=now,
    )
    await emit(session, event, now=now)
    return done
