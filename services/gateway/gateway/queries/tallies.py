"""How much of the log the feeds hold, for the auditor's reconciliation: counts alone, and no item."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, slots=True)
class Shown:
    """Share items of one feed, and how many of them are blanked."""

    shares: int = 0
    hidden: int = 0


_SHOWN = """
SELECT p.size, t.agency, t.shares, t.hidden
FROM (SELECT coalesce(max(size), 0) AS size FROM progress) p LEFT JOIN tally t ON true
"""


async def shown(session: AsyncSession) -> tuple[int, dict[str, Shown]]:
    """The log's size as far as it was shown, and the counts at that moment by agency."""
    rows = (await session.execute(text(_SHOWN))).all()
    return int(rows[0].size), {row.agency: Shown(row.shares, row.hidden) for row in rows if row.agency is not None}
