"""How far this service has heard of many persons, in one statement."""

from collections.abc import Mapping

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.topics import Topic

_BEHIND = """
SELECT s.k FROM unnest(CAST(:keys AS text[]), CAST(:versions AS bigint[])) s(k, v)
LEFT JOIN stream_position p ON p.topic = :topic AND p.key = s.k
WHERE coalesce(p.version, 0) < s.v
"""


async def behind(session: AsyncSession, needed: Mapping[str, int]) -> list[str]:
    """Those persons of whose stream less than the version asked for has been applied."""
    found = await session.execute(
        text(_BEHIND),
        {"topic": Topic.CASELOAD_EVENTS.value, "keys": list(needed), "versions": list(needed.values())},
    )
    return list(found.scalars().all())
