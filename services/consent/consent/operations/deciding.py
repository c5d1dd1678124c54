"""Taking persons and deciding them: what commands, events, the timer and the queue have in common."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import outbox
from chassis.db import is_passing
from consent.models import PersonRow
from consent.operations.decisions import decide_persons
from consent.operations.persons import BATCH
from consent.operations.writing import Decided
from consent.queries.policy import Snapshot, shared_snapshot
from contracts.event import EventData


async def decide_and_emit(
    session: AsyncSession,
    persons: Sequence[PersonRow],
    *,
    snapshot: Snapshot,
    now: datetime,
    before: Sequence[EventData] = (),
) -> Decided:
    """Decides these persons, whose rows are locked; the log hears `before` first, then the decisions."""
    decided = await decide_persons(session, persons, snapshot=snapshot, now=now)
    await outbox.emit_all(session, [*before, *decided.events, *decided.denials], now=now)
    return decided


class Undecidable(Exception):
    """One of these persons, or something about them together, cannot be decided; trying again is no use."""

    def __init__(self, persons: Collection[str]) -> None:
        super().__init__(f"{len(persons)} persons")
        self.persons = frozenset(persons)


async def decide_due(
    session: AsyncSession, *, now: datetime, limit: int = BATCH, but: Collection[str] = frozenset()
) -> int:
    """Decides persons for whom an instant has come or who were queued, those nobody else holds; how many.

    Raises Undecidable, and what is the database's fault for now as it is.
    """
    snapshot = await shared_snapshot(session)
    ids = (await session.scalars(text(_DUE), {"now": now, "limit": limit, "but": list(but)})).all()
    if not ids:
        return 0
    persons = [await session.get_one(PersonRow, name, populate_existing=True) for name in ids]
    try:
        await decide_and_emit(session, persons, snapshot=snapshot, now=now)
    except Exception as error:
        if is_passing(error):
            raise
        raise Undecidable(ids) from error
    return len(persons)


_DUE = """
SELECT id FROM person
WHERE alias_of IS NULL AND (queued_at IS NOT NULL OR decide_again_at <= :now) AND id <> ALL(CAST(:but AS text[]))
ORDER BY id LIMIT :limit FOR UPDATE SKIP LOCKED
"""
