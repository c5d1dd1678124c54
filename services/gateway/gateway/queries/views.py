"""What an agency sees of persons, from its view alone."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, slots=True)
class SectionRow:
    """One section as its JSON."""

    person_id: str
    category: str
    body: str
    subject_ref: str = ""


_OF_PERSON = """
SELECT person_id, category, body FROM section
WHERE agency = :agency AND person_id = ANY(CAST(:people AS text[])) ORDER BY cursor DESC
"""
_ABOUT_REFERRALS = """
SELECT person_id, category, body FROM section
WHERE agency = :agency AND (
    category = 'referral' AND subject_ref = ANY(CAST(:referrals AS text[]))
    OR category IN ('referral-status', 'engagement') AND person_id = ANY(CAST(:people AS text[]))
) ORDER BY cursor
"""
_ABOUT_SCREENINGS = """
SELECT person_id, category, body, subject_ref FROM section
WHERE agency = :agency AND category IN ('referral', 'known-to-service')
  AND subject_ref = ANY(CAST(:screenings AS text[]))
"""
_RELEASES = """
SELECT DISTINCT ON (person_id) person_id, category, body FROM section
WHERE agency = :agency AND person_id = ANY(CAST(:people AS text[])) AND category = 'release-date'
ORDER BY person_id, cursor DESC
"""


async def sections(session: AsyncSession, *, agency: str, people: Sequence[str]) -> list[SectionRow]:
    """Everything that is shared with this agency now about a person, under any of its ids, newest first."""
    rows = await session.execute(text(_OF_PERSON), {"agency": agency, "people": list(people)})
    return [SectionRow(row.person_id, row.category, row.body) for row in rows]


async def about_referrals(
    session: AsyncSession, *, agency: str, referrals: Sequence[str], people: Sequence[str]
) -> list[SectionRow]:
    """What is shared with this agency now of these referrals, and of others of these persons; oldest first."""
    names = {"agency": agency, "referrals": list(referrals), "people": list(people)}
    rows = await session.execute(text(_ABOUT_REFERRALS), names)
    return [SectionRow(row.person_id, row.category, row.body) for row in rows]


async def about_screenings(session: AsyncSession, *, agency: str, screenings: Sequence[str]) -> list[SectionRow]:
    """The questions and answers of these screening requests that are shared with this agency now."""
    rows = await session.execute(text(_ABOUT_SCREENINGS), {"agency": agency, "screenings": list(screenings)})
    return [SectionRow(row.person_id, row.category, row.body, row.subject_ref) for row in rows]


async def releases(session: AsyncSession, *, agency: str, people: Sequence[str]) -> dict[str, str]:
    """The release section by person, for those whose release is shared with this agency."""
    rows = await session.execute(text(_RELEASES), {"agency": agency, "people": list(people)})
    return {row.person_id: row.body for row in rows}
