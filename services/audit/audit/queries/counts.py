"""Counts over the log, open claims and its length."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from audit.models import Claim
from contracts.codes import InvolvementState
from contracts.http.audit import PermittedCount, SummaryCount, SummaryFilter

DAILY = timedelta(days=31)

_COLUMN: Mapping[str, str] = {
    "recipient": "recipient",
    "category": "category",
    "basis": "basis",
    "decision": "decision",
}


async def log_size(session: AsyncSession) -> int:
    """How many entries the log holds now."""
    return int(await session.scalar(text("SELECT coalesce(max(size), 0) FROM log_state")) or 0)


async def summary(session: AsyncSession, wanted: SummaryFilter) -> list[SummaryCount]:
    """Decisions per value and period. Days where the range is at most 31 days, else months (UTC)."""
    short = wanted.from_ is not None and wanted.to is not None and wanted.to - wanted.from_ <= DAILY
    period = f"to_char(date_trunc('{'day' if short else 'month'}', decided_at AT TIME ZONE 'UTC'), 'YYYY-MM-DD')"
    where, bounds = ["kind = 'share'"], {}
    if wanted.from_ is not None:
        where, bounds["from"] = [*where, "decided_at >= :from"], wanted.from_
    if wanted.to is not None:
        where, bounds["to"] = [*where, "decided_at < :to"], wanted.to
    rows = await session.execute(
        text(
            f"SELECT {_COLUMN[wanted.by]} AS value, {period} AS period,"  # noqa: S608  # names of the table above
            " count(*) FILTER (WHERE decision = 'permitted'), count(*) FILTER (WHERE decision = 'refused')"
            f" FROM log_entry WHERE {' AND '.join(where)} GROUP BY 1, 2 ORDER BY 2, 1"
        ),
        bounds,
    )
    return [SummaryCount(value=value, period=at, permitted=yes, refused=no) for value, at, yes, no in rows]


async def permitted_counts(session: AsyncSession, *, size: int) -> list[PermittedCount]:
    """Per recipient, of the first `size` entries. A share that several entries end is ended once."""
    rows = await session.execute(
        text(
            "WITH ended AS ("
            ' SELECT ends, bool_or(leaf LIKE \'%"effect":"withdraw"%\') AS withdrawn'
            " FROM log_entry WHERE ends IS NOT NULL AND log_index < :size GROUP BY ends)"
            " SELECT e.recipient, count(*), count(x.ends), count(*) FILTER (WHERE x.withdrawn)"
            " FROM log_entry e LEFT JOIN ended x ON x.ends = e.share_id"
            " WHERE e.decision = 'permitted' AND e.log_index < :size GROUP BY 1 ORDER BY 1"
        ),
        {"size": size},
    )
    return [
        PermittedCount(recipient=recipient, permitted=all_, ended=ended, withdrawn=withdrawn, live=all_ - ended)
        for recipient, all_, ended, withdrawn in rows
    ]


async def open_claims(session: AsyncSession, *, after: int | None, limit: int) -> Sequence[Claim]:
    """Involvements claimed and not confirmed, oldest news first."""
    statement: Any = select(Claim).where(col(Claim.state) == InvolvementState.CLAIMED.value)
    if after is not None:
        statement = statement.where(col(Claim.log_index) > after)
    found = await session.scalars(statement.order_by(col(Claim.log_index)).limit(limit))
    return list(found)
