"""The release date of a person as one agency was shown it; the prison whose release it is knows it anyway."""

from datetime import date

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from referral.domain.clock import KnownRelease

_KNOWN = """
WITH newest AS (
    SELECT DISTINCT ON (release_id) release_id, version, prison FROM release WHERE person_id = :person
    ORDER BY release_id, version DESC
)
SELECT r.release_on, coalesce(s.at, r.at) AS known_at
FROM newest n
LEFT JOIN release_shown s ON s.release_id = n.release_id AND s.agency = :agency
JOIN release r ON r.release_id = n.release_id
    AND r.version = CASE WHEN n.prison = :agency THEN n.version ELSE s.version END
WHERE r.release_on IS NOT NULL
ORDER BY r.at DESC LIMIT 1
"""


async def known_release(session: AsyncSession, *, person_id: str, agency: str) -> KnownRelease | None:
    """The date that this agency may know of, None if there is none for it."""
    row = (await session.execute(text(_KNOWN), {"person": person_id, "agency": agency})).one_or_none()
    return KnownRelease(row.release_on, row.known_at) if row else None


async def persons_of_release(session: AsyncSession, release_id: str) -> list[str]:
    found = await session.execute(
        text("SELECT DISTINCT person_id FROM release WHERE release_id = :id"), {"id": release_id}
    )
    return list(found.scalars())


async def due_windows(session: AsyncSession, *, day: date, limit: int) -> list[tuple[str, str, bool]]:
    """Windows to open or close on this day: release, window, whether it opens. Claimed until the transaction ends."""
    rows = await session.execute(
        text(
            'SELECT release_id, "window", opened_at IS NULL AS opens FROM release_window'
            " WHERE (opened_at IS NULL AND opens_on <= :day AND closes_on > :day)"
            " OR (opened_at IS NOT NULL AND closed_at IS NULL AND closes_on <= :day)"
            ' ORDER BY release_id, "window" LIMIT :limit FOR UPDATE SKIP LOCKED'
        ),
        {"day": day, "limit": limit},
    )
    return [(row.release_id, row.window, row.opens) for row in rows]
