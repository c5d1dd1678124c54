"""Referrals as one agency has them: of its own side alone. Lists, chains, who is unaccepted, and counts."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.codes import Need, ReferralState
from referral.domain.machine import ACCEPTED, ENDED

_MINE = """
FROM side s JOIN referral r USING (referral_id)
WHERE s.agency = :agency AND s.role = :role AND (s.role = 'sender' OR r.received_at IS NOT NULL)
"""
_LISTED = f"""
SELECT s.referral_id {_MINE}
  AND (CAST(:state AS text) IS NULL OR s.state = :state)
  AND (CAST(:overdue AS boolean) IS NULL OR s.overdue = :overdue)
  AND (CAST(:person AS text) IS NULL OR r.person_id = :person)
  AND (CAST(:need AS text) IS NULL OR (s.role = 'sender' AND r.said -> 'needs' ? :need))
  AND (CAST(:after AS text) IS NULL OR s.referral_id < :after)
ORDER BY s.referral_id DESC LIMIT :limit
"""
_CHAIN = """
SELECT count(*) FILTER (WHERE r.rejection_shown_at IS NOT NULL AND r.sender = :agency
        OR r.receiver = :agency AND v.state = 'rejected') AS bounces,
    min(r.written_at) FILTER (WHERE r.sender = :agency OR r.received_at IS NOT NULL) AS began
FROM referral r JOIN side v ON v.referral_id = r.referral_id AND v.role = 'receiver'
WHERE r.chain_id = :chain AND (r.sender = :agency OR r.receiver = :agency)
"""
_CHAINS = """
SELECT r.chain_id, r.sender = :agency AS sent,
    min(r.written_at) AS began,
    count(*) FILTER (WHERE r.sender = :agency AND r.rejection_shown_at IS NOT NULL) AS bounces,
    bool_or(s.state = ANY(:accepted)) AS accepted
FROM referral r JOIN side s USING (referral_id)
WHERE r.chain_id = ANY(:chains) AND s.agency = :agency AND (s.role = 'sender' OR r.received_at IS NOT NULL)
GROUP BY r.chain_id, r.sender = :agency
"""
_UNACCEPTED = """
WITH mine AS (
    SELECT DISTINCT ON (r.chain_id) r.chain_id, r.referral_id, r.person_id, r.said -> 'needs' AS needs, s.state,
        r.bounces, CASE WHEN s.state = 'rejected' THEN 1 ELSE 0 END AS bounced
    FROM side s JOIN referral r USING (referral_id)
    WHERE s.agency = :agency AND s.role = 'sender'
    ORDER BY r.chain_id, r.referral_id DESC
)
SELECT m.*, (SELECT min(o.written_at) FROM referral o WHERE o.chain_id = m.chain_id AND o.sender = :agency) AS began
FROM mine m
WHERE m.state = ANY(:open)
  AND NOT EXISTS (SELECT FROM referral o JOIN side t ON t.referral_id = o.referral_id AND t.role = 'sender'
      WHERE o.chain_id = m.chain_id AND o.sender = :agency AND t.state = ANY(:accepted))
  AND (CAST(:person AS text) IS NULL OR m.person_id = :person)
  AND (CAST(:need AS text) IS NULL OR m.needs ? :need)
  AND (CAST(:after AS text) IS NULL OR m.referral_id > :after)
ORDER BY m.referral_id LIMIT :limit
"""
TAKEN = sorted(ACCEPTED | {ReferralState.COMPLETED, ReferralState.PREMATURELY_ENDED})
"""Somebody has accepted."""
UNACCEPTED = sorted(set(ReferralState) - set(TAKEN) - {ReferralState.WITHDRAWN, ReferralState.CLOSED})
"""Nobody has, and the sender has not decided that nothing more is to be done."""


@dataclass(frozen=True)
class Asked:
    """Which referrals are asked for; None asks nothing. `need` is known of sent ones alone."""

    agency: str
    role: str
    state: ReferralState | None = None
    overdue: bool | None = None
    person_id: str | None = None
    need: Need | None = None


async def listed(session: AsyncSession, *, asked: Asked, limit: int, after: str | None) -> list[str]:
    """Ids, newest first."""
    found = await session.execute(
        text(_LISTED),
        {
            "agency": asked.agency,
            "role": asked.role,
            "state": asked.state,
            "overdue": asked.overdue,
            "person": asked.person_id,
            "need": asked.need,
            "limit": limit,
            "after": after,
        },
    )
    return list(found.scalars())


async def chain_of(session: AsyncSession, chain_id: str, *, agency: str) -> tuple[int, datetime | None]:
    """Refusals in a chain that this agency knows of, and when the first of its referrals there was written."""
    row = (await session.execute(text(_CHAIN), {"chain": chain_id, "agency": agency})).one()
    return int(row.bounces), row.began


async def chains_of(session: AsyncSession, chain_ids: list[str], *, agency: str) -> dict[tuple[str, bool], RowMapping]:
    """By chain and whether it is the sender's: what the agency knows of each."""
    rows = await session.execute(text(_CHAINS), {"chains": chain_ids, "agency": agency, "accepted": TAKEN})
    return {(row["chain_id"], row["sent"]): row for row in rows.mappings()}


async def live_needs(session: AsyncSession, *, person_id: str, sender: str, elsewhere_than: str) -> set[str]:
    """Needs for which this sender has a live referral of the person with another receiver, as far as it knows."""
    rows = await session.execute(
        text(
            "SELECT DISTINCT jsonb_array_elements_text(r.said -> 'needs')"
            " FROM side s JOIN referral r USING (referral_id)"
            " WHERE r.person_id = :person AND s.agency = :sender AND s.role = 'sender' AND s.state <> ALL(:over)"
            " AND r.receiver <> :here"
        ),
        {"person": person_id, "sender": sender, "here": elsewhere_than, "over": sorted({*ENDED, ReferralState.DRAFT})},
    )
    return set(rows.scalars())


async def unaccepted(
    session: AsyncSession, *, agency: str, person_id: str | None, need: Need | None, limit: int, after: str | None
) -> list[RowMapping]:
    """The newest referral of each of this sender's chains that nobody has accepted and nobody has given up."""
    values: dict[str, Any] = {"agency": agency, "person": person_id, "need": need, "limit": limit, "after": after}
    rows = await session.execute(text(_UNACCEPTED), values | {"open": UNACCEPTED, "accepted": TAKEN})
    return list(rows.mappings())


async def history_of(session: AsyncSession, referral_ids: list[str], *, role: str) -> dict[str, list[RowMapping]]:
    """What one side lived through, oldest first."""
    rows = await session.execute(
        text("SELECT * FROM history WHERE referral_id = ANY(:ids) AND role = :role ORDER BY history_id"),
        {"ids": referral_ids, "role": role},
    )
    found: dict[str, list[RowMapping]] = {referral_id: [] for referral_id in referral_ids}
    for row in rows.mappings():
        found[row["referral_id"]].append(row)
    return found
