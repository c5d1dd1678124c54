"""A parked stream gives way to its own person's erasure: what waits before that is emptied, and so its turn comes.

Else it would wait for an operator behind the very content that it is to erase. A merge and its undoing are not emptied:
they say whose everything is. A stream that is parked at one of those stays parked.
"""

from typing import Any

from pydantic import ValidationError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import logging
from contracts.caseload import PersonErasedV1, PersonMergedV1, PersonUnmergedV1
from contracts.consent import ErasureRecordedV1
from contracts.envelope import decode, from_headers

log = logging.get(__name__)

EMPTIED = "emptied.v1"
"""A type that nobody knows, and so nobody applies."""

ERASURES = (PersonErasedV1.TYPE, ErasureRecordedV1.TYPE)
_STAYS = (*ERASURES, PersonMergedV1.TYPE, PersonUnmergedV1.TYPE)

_FOUND = """
SELECT version, headers, body FROM waiting
WHERE (topic, key) = (:topic, :key) AND headers->>'ce_type' = ANY(:erasures) ORDER BY version DESC
"""
_EMPTY = """
UPDATE waiting SET headers = headers || jsonb_build_object('ce_type', CAST(:emptied AS text)), body = '{}'
WHERE (topic, key) = (:topic, :key) AND version < :version AND headers->>'ce_type' <> ALL(:stays)
"""
_UNPARK = """
UPDATE stream_position p SET parked_at = NULL, parked_reason = NULL FROM waiting w
WHERE (p.topic, p.key) = (:topic, :key) AND (w.topic, w.key, w.version) = (p.topic, p.key, p.version + 1)
  AND w.headers->>'ce_type' = :emptied
RETURNING true
"""


async def give_way(session: AsyncSession, topic: str, key: str) -> bool:
    """For a parked stream, whose row is locked. True if its person's erasure waits there and the stream goes on now."""
    names = {"topic": topic, "key": key, "emptied": EMPTIED}
    found = await session.execute(text(_FOUND), names | {"erasures": list(ERASURES)})
    version = next((row.version for row in found if _erases(topic, key, row.headers, row.body)), None)
    if version is None:
        return False
    await session.execute(text(_EMPTY), names | {"version": version, "stays": list(_STAYS)})
    goes_on = bool(await session.scalar(text(_UNPARK), names))
    if goes_on:
        log.warning("stream.gave_way", topic=topic, stream_version=version)
    return goes_on


def _erases(topic: str, key: str, headers: dict[str, Any], body: bytes) -> bool:
    """Whether it can be read, and is in its own person's stream."""
    try:
        data = decode(from_headers((name, value.encode()) for name, value in headers.items()), bytes(body))
    except ValidationError:
        return False
    return data is not None and (data.TOPIC, data.key) == (topic, key)
