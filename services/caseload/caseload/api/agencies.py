"""The register of agencies."""

from typing import Annotated

from fastapi import APIRouter, Query

from caseload.api.dependencies import NowDep
from caseload.models import AgencyRow
from caseload.operations.agencies import entry_of, register_agency
from caseload.queries import facts
from chassis.auth import ActorDep, require
from chassis.pagination import PageDep
from chassis.session import SessionDep
from contracts.codes import AgencyKind, Scope
from contracts.errors import Invalid, NotFound
from contracts.http.caseload import AgencyEntry, AgencyId, AgencyList

router = APIRouter(prefix="/v1", tags=["agencies"])


class OtherAgency(Invalid):
    """The entry is of another agency than the path."""

    code = "other-agency"


class AgencyUnknown(NotFound):
    """No agency of this id is registered."""

    code = "agency-unknown"


@router.get("/agencies")
async def list_agencies(
    page: PageDep,
    session: SessionDep,
    _actor: ActorDep,
    kind: AgencyKind | None = None,
    area: Annotated[str | None, Query(max_length=60)] = None,
) -> AgencyList:
    """Agencies by id, with contact and link workers."""
    after = str(page.after[0]) if page.after else ""
    rows = await facts.agencies(session, kind=kind, area=area, after=after, limit=page.fetch)
    kept, following = page.cut(rows, key=lambda row: (row.id,))
    return AgencyList(items=[entry_of(row) for row in kept], next=following)


@router.get("/agencies/{agency}")
async def one_agency(agency: AgencyId, session: SessionDep, _actor: ActorDep) -> AgencyEntry:
    """One entry of the register."""
    row = await session.get(AgencyRow, agency)
    if row is None:
        raise AgencyUnknown()
    return entry_of(row)


@router.put("/agencies/{agency}", dependencies=[require(Scope.OPERATE)])
async def put_agency(agency: AgencyId, entry: AgencyEntry, session: SessionDep, now: NowDep) -> AgencyEntry:
    """Registers or changes an agency (operators)."""
    if entry.id != agency:
        raise OtherAgency(pointer="/id")
    await register_agency(session, entry=entry, now=now)
    return entry
