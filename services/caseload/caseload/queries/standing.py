"""Of what one agency has twice about one person, after a merge: which it reads and changes, and which it cannot reach.

The one of the kept record stands, or, of others, the newest. Writing makes the one that stands no older, so which one
it is changes with merges and their undoing alone.
"""

from typing import Any

from sqlalchemy import ColumnElement, func
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from caseload.models import Registration, Section

Owned = type[Registration] | type[Section]


def standing_first(table: Owned) -> tuple[ColumnElement[Any], ...]:
    """The order of an agency's rows about one person of which it reads and changes the first."""
    return (
        col(table.recorded_person_id) != col(table.person_id),
        col(table.updated_at).desc(),
        col(table.id).asc(),
    )


async def shadowed(session: AsyncSession, *persons: str) -> set[str]:
    """The ids of registrations and sections that another of the agency, of the same category, stands before."""
    found: set[str] = set()
    for table, of_one in (
        (Registration, (Registration.person_id, Registration.agency)),
        (Section, (Section.person_id, Section.agency, Section.category)),
    ):
        place = func.row_number().over(partition_by=of_one, order_by=standing_first(table))
        ranked = select(table.id, place.label("place")).where(col(table.person_id).in_(persons)).subquery()
        found.update(await session.scalars(select(ranked.c.id).where(ranked.c.place > 1)))
    return found
