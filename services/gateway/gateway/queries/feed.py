"""A page of an agency's feed: JSON kept ready, read in one statement."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, slots=True)
class FeedRow:
    """One item. `fresh` is a share with content that has not gone out to this agency before."""

    cursor: int
    share_id: str
    source: str
    told_source: bool
    fresh: bool
    body: str


_PAGE = """
SELECT f.cursor, f.share_id, f.source, f.told_source, f.body,
       f.kind = 'share' AND NOT f.hidden AND d.share_id IS NULL AS fresh
FROM feed_item f LEFT JOIN delivery d ON d.agency = f.agency AND d.share_id = f.share_id
WHERE f.agency = :agency AND f.cursor > :after ORDER BY f.cursor LIMIT :limit
"""


async def page(session: AsyncSession, *, agency: str, after: int, limit: int) -> list[FeedRow]:
    """Items after a log index, oldest first."""
    rows = await session.execute(text(_PAGE), {"agency": agency, "after": after, "limit": limit})
    return [
        FeedRow(
            cursor=row.cursor,
            share_id=row.share_id,
            source=row.source,
            told_source=row.told_source,
            fresh=row.fresh,
            body=row.body,
        )
        for row in rows
    ]
