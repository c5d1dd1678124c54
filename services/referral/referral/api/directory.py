"""The directory of services: "diversion to what?" """

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from chassis.auth import ActorDep, require
from chassis.etag import PreconditionsDep, etag_of
from chassis.idempotency import IdempotentRoute
from chassis.pagination import PageDep
from chassis.session import SessionDep
from contracts.codes import Need, Scope
from contracts.http.services import Gap, Gaps, ServiceAnswer, ServiceBody, ServiceList
from referral.api.dependencies import NowDep
from referral.api.translate import service_answer
from referral.domain.directory import Wanted, gaps, matches
from referral.operations.directory import put_service
from referral.queries.directory import answers_of, services
from referral.queries.rows import service_of

router = APIRouter(prefix="/v1/services", tags=["services"], route_class=IdempotentRoute)
READ = [require(Scope.READ)]


@router.get("", dependencies=READ)
async def find_services(
    session: SessionDep,
    now: NowDep,
    page: PageDep,
    need: Need | None = None,
    area: str | None = None,
    age: Annotated[int | None, Query(ge=0, le=120)] = None,
    sex: Literal["female", "male", "other"] | None = None,
    statutory: bool | None = None,
    without: str | None = None,
    starts_before: date | None = None,
) -> ServiceList:
    """Services for such a person; `without` is an exclusion that they would fall under."""
    wanted = Wanted(need, area, age, sex, statutory, without, starts_before)
    after = str(page.after[0]) if page.after else None
    rows = [row for row in await services(session, area=area, after=after) if matches(service_of(row), wanted)]
    kept, following = page.cut(rows[: page.fetch], lambda row: (row.service_id,))
    found = await answers_of(session, [row.service_id for row in kept], now=now)
    return ServiceList(items=[service_answer(row, found.get(row.service_id)) for row in kept], next=following)


@router.get("/gaps", dependencies=READ)
async def list_gaps(
    page: PageDep, session: SessionDep, area: Annotated[str, Query(min_length=1, max_length=200)]
) -> Gaps:
    """The needs that no service of the area takes, by their names."""
    entries = [service_of(row) for row in await services(session, area=area)]
    after = str(page.after[0]) if page.after else ""
    kept, following = page.cut(sorted(need for need in gaps(entries, area) if need > after), lambda need: (need,))
    items = [Gap(need=need, area=area, detail=f"no {need} cover in {area}") for need in kept]
    return Gaps(items=items, next=following)


@router.put("/{service_id}", dependencies=[require(Scope.ANSWER)])
async def keep_service(
    service_id: str,
    body: ServiceBody,
    wanted: PreconditionsDep,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
) -> ServiceAnswer:
    """One's own entry; 201 the first time."""
    row, is_new = await put_service(
        session, service_id=service_id, said=body.model_dump(mode="python"), ensure=wanted.ensure, actor=actor, now=now
    )
    response.status_code = 201 if is_new else 200
    response.headers["ETag"] = etag_of(row.version)
    found = await answers_of(session, [service_id], now=now)
    return service_answer(row, found.get(service_id))
