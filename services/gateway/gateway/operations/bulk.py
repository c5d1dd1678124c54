"""A bulk request by its Idempotency-Key, and what its chunks were first found to be about."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_REMEMBER = """
INSERT INTO bulk_request (agency, key, digest, at) VALUES (:agency, :key, :digest, :now)
ON CONFLICT (agency, key) DO NOTHING RETURNING true
"""
_KEPT = "SELECT digest FROM bulk_request WHERE agency = :agency AND key = :key"


_REMEMBER_CHUNK = """
INSERT INTO bulk_chunk (agency, key, number, people, at) VALUES (:agency, :key, :number, :people, :now)
ON CONFLICT (agency, key, number) DO NOTHING
"""
_CHUNK = "SELECT people FROM bulk_chunk WHERE agency = :agency AND key = :key AND number = :number"
_FORGET = ("DELETE FROM bulk_chunk", "DELETE FROM bulk_request")
"""Without a condition: the policy `old_rows` lets nothing go that is younger than two days."""


async def remember_bulk(session: AsyncSession, *, agency: str, key: str, digest: str, now: datetime) -> str | None:
    """Keep the digest of this key's first body (SHA-256 in hex); returns the one that was kept before, if any."""
    names = {"agency": agency, "key": key, "digest": digest, "now": now}
    if await session.scalar(text(_REMEMBER), names):
        return None
    return str(await session.scalar(text(_KEPT), {"agency": agency, "key": key}))


async def kept_chunk(session: AsyncSession, *, agency: str, key: str, number: int) -> str | None:
    """The persons of a chunk as they were first found (JSON), or None if it was not begun."""
    names = {"agency": agency, "key": key, "number": number}
    found: str | None = await session.scalar(text(_CHUNK), names)
    return found


async def remember_chunk(
    session: AsyncSession, *, agency: str, key: str, number: int, people: str, now: datetime
) -> str:
    """Keep a chunk's persons; returns those that are kept, which are another try's if that was first."""
    names = {"agency": agency, "key": key, "number": number, "people": people, "now": now}
    await session.execute(text(_REMEMBER_CHUNK), names)
    return str(await kept_chunk(session, agency=agency, key=key, number=number))


async def forget_old(session: AsyncSession) -> None:
    """Drop what is older than two days; a timer calls it."""
    for statement in _FORGET:
        await session.execute(text(statement))
