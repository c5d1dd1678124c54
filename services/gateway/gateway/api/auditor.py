# ruff: noqa: ARG001 - what is only forwarded is a parameter so that it is validated and described
"""The auditor's gateway: who shared what category with whom, why and when, and never the content.

Audit answers and records each of these reads in the log itself, with its filters and its count.
"""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from chassis.auth import require
from chassis.etag import PreconditionsDep
from chassis.handed_on import forwarded
from chassis.openapi_headers import IF_NONE_MATCH, KEY_HONOURED, told
from chassis.pagination import DEFAULT_LIMIT, MAX_LIMIT
from contracts.codes import Scope
from contracts.http.audit import (
    AccessFilter,
    AccessPage,
    ClaimPage,
    Disclosures,
    EntryFilter,
    EntryPage,
    Explanation,
    LoggedShare,
    OpaqueId,
    PermittedCounts,
    ShareFilter,
    SharePage,
    Summary,
    SummaryFilter,
)
from contracts.http.consent import ReviewAnswer, ReviewBody, ReviewList
from contracts.http.gateway import Reconciled, Reconciliation
from gateway.api.caller import Caller, CallerDep
from gateway.api.forward import Person, ask, forward, known, passed
from gateway.api.single import tagged
from gateway.queries import tallies

router = APIRouter(prefix="/v1", tags=["audit"], dependencies=[require(Scope.AUDIT)])

CSV = "text/csv"
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT)]
Cursor = Annotated[str | None, Query(max_length=2000)]


class Shares(ShareFilter):
    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor = None


class Entries(EntryFilter):
    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor = None


class Accesses(AccessFilter):
    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor = None


async def _on(caller: Caller, path: str) -> Response:
    return await forward(caller, caller.owners.audit, path, params=dict(caller.request.query_params))


@router.get("/shares", response_model=SharePage)
async def shares(caller: CallerDep, wanted: Annotated[Shares, Query()]) -> Response:
    """Decisions in the order of the log, by any of the filters."""
    return await _on(caller, "/shares")


@router.get("/entries", response_model=EntryPage)
async def entries(caller: CallerDep, wanted: Annotated[Entries, Query()]) -> Response:
    """Everything in the log."""
    return await _on(caller, "/entries")


@router.get("/shares/{share_id}", response_model=LoggedShare, openapi_extra=told(IF_NONE_MATCH))
async def share(caller: CallerDep, share_id: OpaqueId, wanted: PreconditionsDep) -> Response:
    """One decision with the exact bytes of its leaf, and what became of it."""
    return tagged(await _on(caller, f"/shares/{share_id}"), wanted)


@router.get("/shares/{share_id}/explanation", response_model=Explanation)
async def explanation(caller: CallerDep, share_id: OpaqueId) -> Response:
    """The decision in plain words."""
    return await _on(caller, f"/shares/{share_id}/explanation")


@router.get(
    "/people/{person}/disclosures",
    response_model=Disclosures,
    responses={200: {"content": {CSV: {"schema": {"type": "string"}}}}},
)
async def disclosures(
    caller: CallerDep, person: Person, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Response:
    """Everything that was ever shared or refused about one person; JSON in pages, or CSV whole."""
    found = await known(caller, person)
    accept = {"accept": "*/*"} | forwarded(caller.request.headers, ("accept",))
    path = f"/people/{found.person_id}/disclosures"
    asked = dict(caller.request.query_params)
    answer = await ask(caller, caller.owners.audit, "GET", path, params=asked, extra=accept)
    return passed(caller, answer)


@router.get("/summary", response_model=Summary)
async def summary(caller: CallerDep, wanted: Annotated[SummaryFilter, Query()]) -> Response:
    """Counts over time."""
    return await _on(caller, "/summary")


@router.get("/claims", response_model=ClaimPage)
async def claims(caller: CallerDep, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> Response:
    """Involvements claimed and not confirmed."""
    return await _on(caller, "/claims")


@router.get("/accesses", response_model=AccessPage)
async def accesses(caller: CallerDep, wanted: Annotated[Accesses, Query()]) -> Response:
    """Which agency looked at whom, when, by which route."""
    return await _on(caller, "/accesses")


@router.get("/reviews", response_model=ReviewList)
async def reviews(caller: CallerDep, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> Response:
    """Emergency shares that wait for their review."""
    answered = await forward(caller, caller.owners.consent, "/reviews", params={"limit": limit, "cursor": cursor})
    if answered.status_code == 200:
        async with caller.asking() as session:
            found = ReviewList.model_validate_json(bytes(answered.body))
            await caller.looked(session, person_id=None, count=len(found.items))
    return answered


@router.post("/reviews/{share_id}", response_model=ReviewAnswer, openapi_extra=told(KEY_HONOURED))
async def review(caller: CallerDep, share_id: OpaqueId, body: ReviewBody) -> Response:
    """`not-justified` withdraws the item and tells the source; nobody reviews their own agency."""
    return await forward(caller, caller.owners.consent, f"/reviews/{share_id}")


@router.get("/reconciliation", response_model=Reconciliation)
async def reconciliation(caller: CallerDep) -> Response:
    """What feeds hold against what the log permits, per recipient, both at the same size of the log."""
    async with caller.asking() as session:
        size, shown = await tallies.shown(session)
    answer = await ask(caller, caller.owners.audit, "GET", "/permitted-counts", params={"size": size})
    if not answer.ok:
        return passed(caller, answer)
    permitted = {row.recipient: row for row in PermittedCounts.model_validate_json(answer.body).items}
    items = []
    for agency in sorted(permitted.keys() | shown.keys()):
        logged, tally = permitted.get(agency), shown.get(agency, tallies.Shown())
        count = logged.permitted if logged else 0
        items.append(
            Reconciled(
                agency=agency,
                permitted=count,
                live=logged.live if logged else 0,
                shown=tally.shares,
                blanked=tally.hidden,
                missing=count - tally.shares,
            )
        )
    return Response(Reconciliation(size=size, items=items).model_dump_json(), media_type="application/json")
