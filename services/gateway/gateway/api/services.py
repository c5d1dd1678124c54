# ruff: noqa: ARG001 - what is only forwarded is a parameter so that it is validated and described
"""The directory of services, kept by those who receive: "diversion to what?", and who takes nobody."""

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from chassis.auth import require
from chassis.openapi import or_created
from chassis.pagination import DEFAULT_LIMIT, MAX_LIMIT
from contracts.codes import Need, Scope
from contracts.http.gateway import OpaqueId
from contracts.http.services import Gaps, ServiceAnswer, ServiceBody, ServiceList
from gateway.api.caller import CallerDep
from gateway.api.forward import forward

router = APIRouter(prefix="/v1/services", tags=["services"], dependencies=[require(Scope.READ)])
keeping = APIRouter(prefix="/v1/services", tags=["services"])
"""For the kinds that receive."""

Area = Annotated[str, Query(min_length=1, max_length=200)]


@router.get("", response_model=ServiceList)
async def services(
    caller: CallerDep,
    need: Need | None = None,
    area: Annotated[str | None, Query(max_length=200)] = None,
    age: Annotated[int | None, Query(ge=0, le=120)] = None,
    sex: Literal["female", "male", "other"] | None = None,
    statutory: bool | None = None,
    without: Annotated[str | None, Query(max_length=200, description="An exclusion they would fall under.")] = None,
    starts_before: date | None = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    cursor: Annotated[str | None, Query(max_length=2000)] = None,
) -> Response:
    """Services for such a person, with waiting time and acceptance rate as answers show them."""
    return await forward(caller, caller.owners.referral, "/services", params=dict(caller.request.query_params))


@router.get("/gaps", response_model=Gaps)
async def service_gaps(
    caller: CallerDep,
    area: Area,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    cursor: Annotated[str | None, Query(max_length=2000)] = None,
) -> Response:
    """Needs that no service of the area takes."""
    return await forward(caller, caller.owners.referral, "/services/gaps", params=dict(caller.request.query_params))


@keeping.put(
    "/{service_id}",
    response_model=ServiceAnswer,
    responses=or_created(ServiceAnswer),
    dependencies=[require(Scope.ANSWER)],
)
async def keep_service(caller: CallerDep, service_id: Annotated[OpaqueId, Path()], body: ServiceBody) -> Response:
    """This agency's own entry; 201 the first time."""
    return await forward(caller, caller.owners.referral, f"/services/{service_id}")
