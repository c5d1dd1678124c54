"""Counts over one agency's own side of its referrals: the questions of the liaison-and-diversion minimum data set."""

from datetime import date, datetime, time

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.http.referral import Measure
from referral.domain.working_time import LONDON

_FROM = """
FROM side s JOIN referral r USING (referral_id)
WHERE s.agency = :agency AND s.role = :role AND (s.role = 'sender' OR r.received_at IS NOT NULL)
  AND r.written_at >= :from_ AND r.written_at < :until
"""
_ANSWERED = """
(SELECT min(h.at) FROM history h WHERE h.referral_id = r.referral_id AND h.role = s.role AND h.by = 'receiver')
"""
_OTHER = "CASE WHEN s.role = 'sender' THEN r.receiver ELSE r.sender END"
_KEYS: dict[str, str] = {
    "source": _OTHER,
    "answer": "s.state",
    "days-to-answer": f"coalesce(CAST(CAST({_ANSWERED} AS date) - CAST(r.received_at AS date) AS text), 'none')",
    "bounces": "CAST(r.bounces AS text)",
    "outcome": """(SELECT h.to_state FROM history h WHERE h.referral_id = r.referral_id AND h.role = s.role
        AND h.to_state IN ('completed', 'prematurely-ended', 'rejected', 'withdrawn', 'expired', 'closed')
        ORDER BY h.history_id DESC LIMIT 1)""",
}
_APPOINTMENTS = f"""
SELECT a.outcome AS key, count(*) AS number
FROM appointment a JOIN (SELECT s.referral_id, s.role {_FROM}) s ON a.referral_id = s.referral_id AND a.role = s.role
WHERE a.outcome IS NOT NULL AND (CAST(:only AS text[]) IS NULL OR a.outcome = ANY(:only))
GROUP BY a.outcome ORDER BY a.outcome
"""  # noqa: S608 - from the texts above
_CANCELLED = ["cancelled-by-service", "cancelled-by-person"]


async def counts(
    session: AsyncSession, *, agency: str, role: str, by: Measure, from_: date, until: date
) -> list[tuple[str, int]]:
    """What the referrals written in [from_, until) come to, by key. Appointments count where this side made them."""
    values = {"agency": agency, "role": role, "from_": _midnight(from_), "until": _midnight(until)}
    if by in ("cancellations", "engagement"):
        only = _CANCELLED if by == "cancellations" else None
        rows = await session.execute(text(_APPOINTMENTS), values | {"only": only})
    else:
        statement = f"SELECT {_KEYS[by]} AS key, count(*) AS number {_FROM} GROUP BY 1 ORDER BY 1"
        rows = await session.execute(text(statement), values)
    return [(row.key, row.number) for row in rows if row.key is not None]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=LONDON)
