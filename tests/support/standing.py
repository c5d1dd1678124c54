"""What stands for good: streams behind a message that cannot be applied, and persons whom consent cannot decide."""

import asyncio
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import text

from chassis.consumer import Consumer
from chassis.db import Database

_STREAMS = text("""
SELECT concat_ws(' ', 'parked:', topic, key, 'after', version, parked_reason) FROM stream_position
WHERE parked_at IS NOT NULL
UNION ALL SELECT concat_ws(' ', 'waits:', topic, key, version, headers->>'ce_type') FROM waiting
""")
_OVERDUE = text("""
SELECT 'undecided: ' || id FROM person WHERE alias_of IS NULL AND (queued_at <= :asked OR decide_again_at <= :asked)
""")


async def standing(consumers: Iterable[Consumer]) -> list[str]:
    """What these have parked, and what waits behind it or for a turn that does not come."""
    readers = {consumer.database: consumer.group for consumer in consumers}
    found = await asyncio.gather(*(_standing(group, database) for database, group in readers.items()))
    return [each for some in found for each in some]


async def _standing(group: str, database: Database) -> list[str]:
    async with database.session() as session:
        return [f"{group} {each}" for each in await session.scalars(_STREAMS)]


async def undecided(consent: Database, *, asked: datetime) -> list[str]:
    """Who was to be decided when consent was last asked to, and was not."""
    async with consent.session() as session:
        return list(await session.scalars(_OVERDUE, {"asked": asked}))
