"""Which consents an agency may see: those it recorded, and those that it relies on."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


async def relied_on(session: AsyncSession, *, person_id: str, agency: str) -> set[str]:
    """The consents on which shares with this agency stand now."""
    rows: Sequence[str] = (await session.scalars(text(_RELIED), {"person": person_id, "agency": agency})).all()
    return set(rows)


async def known_consent(session: AsyncSession, *, person_id: str, consent_id: str, agency: str) -> bool:
    """Whether the agency recorded this consent of the person, or was ever shown something on it."""
    return bool(await session.scalar(text(_KNOWN), {"person": person_id, "consent": consent_id, "agency": agency}))


_RELIED = """
SELECT DISTINCT consent_id FROM share
WHERE person_id = :person AND recipient = :agency AND ended_at IS NULL AND consent_id IS NOT NULL
"""
_KNOWN = """
SELECT EXISTS (
    SELECT FROM consent
    WHERE id = :consent AND person_id = :person AND (
        recorded_by = :agency
        OR EXISTS (SELECT FROM share WHERE share.consent_id = consent.id AND share.recipient = :agency)
    )
)
"""
