"""Taking persons: their rows locked, in one order, so that everything about a person comes before or after the rest.

A person this service never heard of gets a row. A merged person's other number leads to the row that is kept.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from consent.models import PersonRow

TICK = timedelta(microseconds=1)
BATCH = 200
"""Persons locked at a time, so that a withdrawal waits milliseconds."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Locked persons. `by_number` leads from every number that was asked for to its person."""

    by_number: dict[str, PersonRow]

    @property
    def rows(self) -> list[PersonRow]:
        return list({row.id: row for row in self.by_number.values()}.values())


async def take(session: AsyncSession, numbers: Iterable[str], *, now: datetime) -> Taken:
    """Locks the persons behind these numbers FOR UPDATE, in id order, making the rows that are missing.

    Merges are followed before the first lock, so that nobody waits for a person while holding a number of theirs, and
    again after it: one may have come, or been undone, while this waited.
    """
    wanted = sorted(set(numbers))
    await session.execute(
        text(
            "INSERT INTO person (id, restricted, version, clock) SELECT id, false, 0, CAST(:now AS timestamptz)"
            " FROM unnest(CAST(:ids AS text[])) AS id ORDER BY id ON CONFLICT (id) DO NOTHING"
        ),
        {"ids": wanted, "now": now},
    )
    locked: dict[str, PersonRow] = {}
    while True:
        present = await present_ids(session, wanted)
        missing = sorted(set(present.values()) - set(locked))
        if not missing:
            return Taken({number: locked[of] for number, of in present.items()})
        locked |= {row.id: row for row in await _lock(session, missing)}


async def present_ids(session: AsyncSession, numbers: Iterable[str]) -> dict[str, str]:
    """The id that each number's person has now, through merges; the number itself for somebody never heard of."""
    asked = sorted(set(numbers))
    rows = await session.execute(text(_PRESENT), {"ids": asked})
    found = {row.number: row.id for row in rows}
    return {number: found.get(number, number) for number in asked}


def tick(person: PersonRow, now: datetime) -> datetime:
    """The instant of a new fact: `now`, or just after the person's last fact if clocks disagree. Versions grow."""
    person.clock = max(now, person.clock + TICK)
    person.version += 1
    return person.clock


async def _lock(session: AsyncSession, ids: list[str]) -> list[PersonRow]:
    statement = (
        select(PersonRow)
        .where(PersonRow.id.in_(ids))  # type: ignore[attr-defined]
        .order_by(PersonRow.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list(await session.scalars(statement))


_PRESENT = """
WITH RECURSIVE chain (number, id, alias_of) AS (
    SELECT id, id, alias_of FROM person WHERE id = ANY(:ids)
    UNION SELECT chain.number, person.id, person.alias_of FROM person JOIN chain ON person.id = chain.alias_of
)
SELECT number, id FROM chain WHERE alias_of IS NULL
"""
