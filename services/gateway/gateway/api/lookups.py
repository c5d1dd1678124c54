# ruff: noqa: ARG001 - what is only forwarded is a parameter so that it is validated and described
"""What every agency may look up, the auditor too: itself, the register, coded lists, and whether it knows a person."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from chassis.etag import PreconditionsDep
from chassis.openapi_headers import IF_NONE_MATCH, told
from chassis.pagination import DEFAULT_LIMIT, MAX_LIMIT, PageDep
from contracts.codes import AgencyKind
from contracts.errors import NotFound
from contracts.http.caseload import AgencyList, LookupAnswer, LookupBody
from contracts.http.gateway import CodeEntry, Me, ReferenceSet
from gateway.api.caller import CallerDep
from gateway.api.forward import ask, forward, passed, segment
from gateway.api.single import tagged
from gateway.domain.reference import SETS

router = APIRouter(prefix="/v1", tags=["register"])


class SetUnknown(NotFound):
    """There is no coded list of that name."""

    code = "set-unknown"


@router.get("/me", response_model=Me, openapi_extra=told(IF_NONE_MATCH))
async def me(caller: CallerDep, wanted: PreconditionsDep) -> Response:
    """This agency, and what agreements in force let it receive and send in general."""
    entry = await ask(caller, caller.owners.caseload, "GET", f"/agencies/{segment(caller.agency)}")
    if not entry.ok:
        return passed(caller, entry)
    routes = await ask(caller, caller.owners.consent, "GET", "/me")
    if not routes.ok:
        return passed(caller, routes)
    found = routes.json()
    answer = Me.model_validate(
        {"agency": entry.json(), "may_receive": found["may_receive"], "may_send": found["may_send"]}
    )
    return tagged(Response(answer.model_dump_json(exclude_none=True), media_type="application/json"), wanted)


@router.get("/agencies", response_model=AgencyList)
async def agencies(
    caller: CallerDep,
    kind: AgencyKind | None = None,
    area: Annotated[str | None, Query(max_length=60)] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    cursor: Annotated[str | None, Query(max_length=2000)] = None,
) -> Response:
    """The register: names, contacts, link workers."""
    params = {"kind": kind, "area": area, "limit": limit, "cursor": cursor}
    return await forward(caller, caller.owners.caseload, "/agencies", params=params)


@router.get("/reference-data/{set}")
async def reference_data(set_: Annotated[str, Path(alias="set", max_length=60)], page: PageDep) -> ReferenceSet:
    """A coded list with the days on which each code is in use."""
    found = SETS.get(set_)
    if found is None:
        raise SetUnknown
    numbered = [(place, code, in_use) for place, (code, in_use) in enumerate(found.items(), 1)]
    kept, following = page.cut(numbered[int(page.after[0] or 0) if page.after else 0 :], lambda line: (line[0],))
    items = [
        CodeEntry(code=code, effective_from=in_use.effective_from, effective_until=in_use.effective_until)
        for _, code, in_use in kept
    ]
    return ReferenceSet(set=set_, items=items, next=following)


@router.post("/people/lookup", response_model=LookupAnswer)
async def lookup(caller: CallerDep, body: LookupBody) -> Response:
    """The opaque id of a person whom this agency registered or is involved with, else 404."""
    answered = await forward(caller, caller.owners.caseload, "/people/lookup")
    if answered.status_code == 200:
        async with caller.asking() as session:
            found = LookupAnswer.model_validate_json(bytes(answered.body))
            await caller.looked(session, person_id=found.person_id)
    return answered
