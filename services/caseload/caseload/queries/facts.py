"""An agency's own facts about one person, and the lists it may page through."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from caseload.domain.identifiers import Identifier
from caseload.models import (
    AgencyRow,
    CustodyRow,
    Involvement,
    MatchingDoubt,
    Registration,
    RegistrationIdentifier,
    Section,
    WarningRow,
)
from caseload.queries.standing import standing_first
from contracts.caseload import EVERY_PRISON
from contracts.codes import Category, InvolvementState, Scheme

_PEOPLE = """
SELECT i.person_id,
       CASE WHEN bool_or(i.state = 'confirmed') THEN 'confirmed' ELSE 'claimed' END AS state,
       (SELECT array_agg(DISTINCT role ORDER BY role) FROM involvement j, jsonb_array_elements_text(j.roles) role
        WHERE j.agency = :agency AND j.person_id = i.person_id AND j.state <> 'ended') AS roles
FROM involvement i
WHERE i.agency = :agency AND i.state <> 'ended' AND i.person_id > :after
GROUP BY i.person_id ORDER BY i.person_id LIMIT :limit
"""


async def registration_of(session: AsyncSession, person_id: str, agency: str) -> Registration | None:
    """The agency's registration of the person; of several (after a merge) the one that stands."""
    rows = await session.scalars(
        select(Registration)
        .where(Registration.person_id == person_id, Registration.agency == agency)
        .order_by(*standing_first(Registration))
    )
    return rows.first()


async def identifiers_of(session: AsyncSession, registration_id: str) -> list[Identifier]:
    """The identifiers of a registration, in the order given."""
    rows = await session.scalars(
        select(RegistrationIdentifier)
        .where(RegistrationIdentifier.registration_id == registration_id)
        .order_by(col(RegistrationIdentifier.position))
    )
    return [Identifier(Scheme(row.scheme), row.value) for row in rows]


async def live_involvements(
    session: AsyncSession, person_id: str, *, agency: str | None = None
) -> Sequence[Involvement]:
    """Claimed and confirmed involvements of the person, the confirmed ones first."""
    wanted = select(Involvement).where(Involvement.person_id == person_id, Involvement.state != InvolvementState.ENDED)
    if agency is not None:
        wanted = wanted.where(Involvement.agency == agency)
    rows = await session.scalars(
        wanted.order_by(col(Involvement.state) != InvolvementState.CONFIRMED, col(Involvement.id))
    )
    return rows.all()


async def newest_involvement(session: AsyncSession, person_id: str, agency: str) -> Involvement | None:
    """The agency's live involvement, else its last one that ended."""
    rows = await session.scalars(
        select(Involvement)
        .where(Involvement.person_id == person_id, Involvement.agency == agency)
        .order_by(col(Involvement.state) == InvolvementState.ENDED, col(Involvement.updated_at).desc())
    )
    return rows.first()


async def custody_of(session: AsyncSession, person_id: str) -> CustodyRow | None:
    return await session.get(CustodyRow, person_id, populate_existing=True)


async def sections_of(session: AsyncSession, person_id: str, agency: str) -> list[Section]:
    """The agency's sections; of several of one category (after a merge) the one that stands."""
    rows = await session.scalars(
        select(Section)
        .where(Section.person_id == person_id, Section.agency == agency)
        .order_by(*standing_first(Section))
    )
    found: dict[Category, Section] = {}
    for row in rows:
        found.setdefault(row.category, row)
    return list(found.values())


async def warnings_of(session: AsyncSession, person_id: str, agency: str) -> Sequence[WarningRow]:
    rows = await session.scalars(
        select(WarningRow)
        .where(WarningRow.person_id == person_id, WarningRow.agency == agency)
        .order_by(col(WarningRow.sent_at).desc())
        .limit(100)
    )
    return rows.all()


async def involved_people(
    session: AsyncSession, agency: str, *, after: str, limit: int
) -> list[tuple[str, InvolvementState, list[str]]]:
    """Persons the agency is involved with now, by id: (person_id, strongest state, roles)."""
    rows = await session.execute(text(_PEOPLE), {"agency": agency, "after": after, "limit": limit})
    return [(person_id, InvolvementState(state), list(roles or ())) for person_id, state, roles in rows]


async def speaks_for_every_prison(session: AsyncSession, agency: str) -> bool:
    """Whether this agency is the national prison feed."""
    row = await session.get(AgencyRow, agency)
    return row is not None and row.mdi == EVERY_PRISON


async def agencies(
    session: AsyncSession, *, kind: str | None, area: str | None, after: str, limit: int
) -> Sequence[AgencyRow]:
    wanted = select(AgencyRow).where(AgencyRow.id > after)
    if kind is not None:
        wanted = wanted.where(AgencyRow.kind == kind)
    if area is not None:
        wanted = wanted.where(AgencyRow.area == area)
    return (await session.scalars(wanted.order_by(col(AgencyRow.id)).limit(limit))).all()


async def doubts(session: AsyncSession, *, state: str, after: str, limit: int) -> Sequence[MatchingDoubt]:
    rows = await session.scalars(
        select(MatchingDoubt)
        .where(MatchingDoubt.state == state, MatchingDoubt.id > after)
        .order_by(col(MatchingDoubt.id))
        .limit(limit)
    )
    return rows.all()
