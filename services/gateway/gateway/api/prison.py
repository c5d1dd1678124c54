# ruff: noqa: ARG001 - what is only forwarded is a parameter so that it is validated and described
"""The prison's gateway: release dates and what follows from them, custody, and who was told."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from chassis.auth import require
from chassis.idempotency import key_required
from chassis.openapi import or_created
from chassis.openapi_headers import IF_MATCH, IF_NONE_MATCH, KEY_HONOURED, NONE_YET, told
from chassis.pagination import DEFAULT_LIMIT, MAX_LIMIT
from contracts.codes import DateType, Scope
from contracts.errors import NotFound
from contracts.event import NearDay
from contracts.http.caseload import CustodyEventAnswer, CustodyEventBody
from contracts.http.gateway import Deliveries, DeliveryLine, OpaqueId
from contracts.http.release import (
    AddressCheckBody,
    DayOfReleaseDecisionBody,
    PushAnswer,
    ReleaseAnswer,
    ReleaseDateAnswer,
    ReleaseDateBody,
    ReleaseDates,
    ReleaseHistory,
    ReleaseSummary,
    WithdrawalBody,
)
from gateway.api.caller import CallerDep
from gateway.api.forward import Person, ask, forward, forward_for, if_there
from gateway.domain.deliveries import no_one_from
from gateway.queries import ledgers

router = APIRouter(prefix="/v1")

READ = [require(Scope.READ)]
PUSH = [require(Scope.PUSH)]
DATES = "release dates"
RELEASES = "releases"

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT)]
Cursor = Annotated[str | None, Query(max_length=2000)]
ReleaseId = Annotated[OpaqueId, Path()]


class ReleaseUnknown(NotFound):
    """There is no such release, or it is not yours to see."""

    code = "release-unknown"


@router.put(
    "/people/{person}/release-dates/{date_type}",
    response_model=PushAnswer,
    responses=or_created(PushAnswer),
    dependencies=PUSH,
    openapi_extra=told(IF_MATCH, NONE_YET),
    tags=[DATES],
)
async def push_release_date(caller: CallerDep, person: Person, date_type: DateType, body: ReleaseDateBody) -> Response:
    """Push a release date. `If-Match`, `If-None-Match: *`, a `sequence`, or none of them (the last write wins)."""
    return await forward_for(caller, caller.owners.release_notify, person, f"/release-dates/{date_type}")


@router.get("/people/{person}/release-dates", response_model=ReleaseDates, dependencies=READ, tags=[DATES])
async def release_dates(
    caller: CallerDep, person: Person, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Response:
    """All dates of all types."""
    return await forward_for(caller, caller.owners.release_notify, person, "/release-dates")


@router.get(
    "/people/{person}/release-dates/{date_type}",
    response_model=ReleaseDateAnswer,
    dependencies=READ,
    openapi_extra=told(IF_NONE_MATCH),
    tags=[DATES],
)
async def release_date(caller: CallerDep, person: Person, date_type: DateType) -> Response:
    """One date, with its ETag."""
    return await forward_for(caller, caller.owners.release_notify, person, f"/release-dates/{date_type}")


@router.post(
    "/people/{person}/release-dates/{date_type}/withdrawal",
    response_model=PushAnswer,
    dependencies=PUSH,
    openapi_extra=told(IF_MATCH, KEY_HONOURED),
    tags=[DATES],
)
async def withdraw_release_date(
    caller: CallerDep, person: Person, date_type: DateType, body: WithdrawalBody
) -> Response:
    """Remanded again, died, or set aside. With `If-Match` that of the date, and no other that came since."""
    return await forward_for(caller, caller.owners.release_notify, person, f"/release-dates/{date_type}/withdrawal")


@router.get("/people/{person}/release", response_model=ReleaseAnswer, dependencies=READ, tags=[DATES])
async def effective_release(caller: CallerDep, person: Person) -> Response:
    """The effective release."""
    return await forward_for(caller, caller.owners.release_notify, person, "/release")


@router.get("/people/{person}/release/history", response_model=ReleaseHistory, dependencies=READ, tags=[DATES])
async def release_history(
    caller: CallerDep, person: Person, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Response:
    """Every change, newest first."""
    return await forward_for(caller, caller.owners.release_notify, person, "/release/history")


@router.post(
    "/people/{person}/custody-events",
    status_code=201,
    response_model=CustodyEventAnswer,
    dependencies=[*PUSH, key_required],
    tags=["custody"],
)
async def custody_event(caller: CallerDep, person: Person, body: CustodyEventBody) -> Response:
    """A movement, for prisons without HMPPS events. A transfer hands over custody and keeps dates."""
    return await forward_for(caller, caller.owners.caseload, person, "/custody-events")


@router.put(
    "/releases/{release_id}/day-of-release-decision", response_model=ReleaseAnswer, dependencies=PUSH, tags=[RELEASES]
)
async def day_of_release_decision(caller: CallerDep, release_id: ReleaseId, body: DayOfReleaseDecisionBody) -> Response:
    """The governor's decision; needs a named member of staff."""
    return await forward(caller, caller.owners.release_notify, f"/releases/{release_id}/day-of-release-decision")


@router.post(
    "/releases/{release_id}/address-check",
    response_model=ReleaseAnswer,
    dependencies=PUSH,
    openapi_extra=told(KEY_HONOURED),
    tags=[RELEASES],
)
async def address_check(caller: CallerDep, release_id: ReleaseId, body: AddressCheckBody) -> Response:
    """Clears or keeps the flag `address-unverified`."""
    return await forward(caller, caller.owners.release_notify, f"/releases/{release_id}/address-check")


@router.get("/releases/summary", response_model=ReleaseSummary, dependencies=READ, tags=[RELEASES])
async def release_summary(
    caller: CallerDep, from_: Annotated[NearDay | None, Query(alias="from")] = None, to: NearDay | None = None
) -> Response:
    """Counts by week and flag, and date moves by reason and notice."""
    params = dict(caller.request.query_params)
    return await forward(caller, caller.owners.release_notify, "/releases/summary", params=params)


@router.get("/releases/{release_id}/deliveries", response_model=Deliveries, dependencies=READ, tags=[RELEASES])
async def deliveries(caller: CallerDep, release_id: ReleaseId) -> Response:
    """Who was told, as far as this prison may know; the others are a count."""
    said = if_there(await ask(caller, caller.owners.release_notify, "GET", f"/releases/{release_id}"))
    own = ReleaseAnswer.model_validate_json(said.body) if said is not None else None
    async with caller.asking() as session:
        told = await ledgers.told(session, agency=caller.agency, subject_ref=release_id)
        withheld, newest, lines = await ledgers.withheld(session, agency=caller.agency, subject_ref=release_id)
        if own is None and not lines:
            raise ReleaseUnknown
        await caller.looked(session, person_id=own.person_id if own else None, count=len(told))
    version = own.version if own else newest
    last = {row.agency: row for row in sorted(told, key=lambda row: row.version)}
    answer = Deliveries(
        items=[
            DeliveryLine.model_validate(
                {
                    "agency": row.agency,
                    "category": row.category,
                    "version": row.version,
                    "state": row.state,
                    "reason": row.reason,
                    "clause": row.clause,
                    "at": row.at,
                }
            )
            for row in told
        ],
        withheld=withheld,
        pending=version > newest,
        no_one_from=no_one_from((row.kind, row.state) for row in last.values()),
    )
    return Response(answer.model_dump_json(exclude_none=True), media_type="application/json")
