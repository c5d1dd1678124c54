"""Messages of BaRS that an agency sent: each is kept once, with its raw text, and known again by either of its ids."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_KEEP = """
INSERT INTO fhir_message (agency, header_id, bundle_id, event, referral_id, person_id, names, body, at)
VALUES (:agency, :header_id, :bundle_id, :event, :referral_id, :person_id, :names, :body, :now)
ON CONFLICT DO NOTHING RETURNING 1
"""
_KNOWN = """
SELECT 1 FROM fhir_message WHERE agency = :agency AND (header_id = :header_id OR bundle_id = :bundle_id) LIMIT 1
"""
_NAMED = """
SELECT referral_id FROM fhir_message WHERE agency = :agency AND names && CAST(:names AS varchar[])
GROUP BY referral_id ORDER BY max(at) DESC LIMIT :limit
"""


async def is_known(session: AsyncSession, *, agency: str, header_id: str, bundle_id: str) -> bool:
    """Whether the agency sent a message with either id before."""
    names = {"agency": agency, "header_id": header_id, "bundle_id": bundle_id}
    return await session.scalar(text(_KNOWN), names) is not None


async def keep_message(
    session: AsyncSession,
    *,
    agency: str,
    header_id: str,
    bundle_id: str,
    event: str,
    referral_id: str,
    person_id: str | None,
    names: Sequence[str],
    body: str,
    now: datetime,
) -> bool:
    """Keep a message once what it asked for was done; False if one with either id was kept meanwhile."""
    values = {
        "agency": agency,
        "header_id": header_id,
        "bundle_id": bundle_id,
        "event": event,
        "referral_id": referral_id,
        "person_id": person_id,
        "names": list(names),
        "body": body,
        "now": now,
    }
    return await session.scalar(text(_KEEP), values) is not None


async def referrals_named(session: AsyncSession, *, agency: str, names: Sequence[str], limit: int = 50) -> list[str]:
    """The referrals of the agency's messages whose ServiceRequest had one of these names, newest first."""
    found = await session.scalars(text(_NAMED), {"agency": agency, "names": list(names), "limit": limit})
    return [str(each) for each in found]
