"""What is on record about the people whom a registration may mean."""

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from caseload.domain.identifiers import Identifier
from caseload.domain.identities import Identity
from caseload.domain.matching import Known
from caseload.models import CustodyRow, PersonIdentifier, Registration, RegistrationIdentifier
from caseload.queries.standing import standing_first
from contracts.codes import Scheme


async def known(session: AsyncSession, ids: Iterable[str], *, but: str) -> dict[str, Known]:
    """Each person with what agencies other than `but` say who it is, and every identifier held."""
    wanted = sorted(set(ids))
    identities: defaultdict[str, list[Identity]] = defaultdict(list)
    held: defaultdict[str, set[Identifier]] = defaultdict(set)
    if wanted:
        rows = await session.scalars(
            select(Registration).where(col(Registration.person_id).in_(wanted), Registration.agency != but)
        )
        for row in rows:
            identities[row.person_id].append(Identity(row.family, row.given, row.date_of_birth))
        names = await session.scalars(select(PersonIdentifier).where(col(PersonIdentifier.person_id).in_(wanted)))
        for name in names:
            held[name.person_id].add(Identifier(Scheme(name.scheme), name.value))
    return {id_: Known(id_, tuple(identities[id_]), frozenset(held[id_])) for id_ in wanted}


async def own_registrations(
    session: AsyncSession, agency: str, ids: Iterable[str]
) -> dict[str, tuple[Registration, list[Identifier]]]:
    """The agency's registration of each person with its identifiers in order; of several, the one that stands."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    rows = await session.scalars(
        select(Registration)
        .where(Registration.agency == agency, col(Registration.person_id).in_(wanted))
        .order_by(*standing_first(Registration))
    )
    found: dict[str, Registration] = {}
    for row in rows:
        found.setdefault(row.person_id, row)
    given: defaultdict[str, list[Identifier]] = defaultdict(list)
    for name in await session.scalars(
        select(RegistrationIdentifier)
        .where(col(RegistrationIdentifier.registration_id).in_([row.id for row in found.values()]))
        .order_by(col(RegistrationIdentifier.position))
    ):
        given[name.registration_id].append(Identifier(Scheme(name.scheme), name.value))
    return {person_id: (row, given[row.id]) for person_id, row in found.items()}


async def custodies(session: AsyncSession, ids: Iterable[str]) -> dict[str, CustodyRow]:
    rows = await session.scalars(
        select(CustodyRow)
        .where(col(CustodyRow.person_id).in_(sorted(set(ids))))
        .execution_options(populate_existing=True)
    )
    return {row.person_id: row for row in rows}
