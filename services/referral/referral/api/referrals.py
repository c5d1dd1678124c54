"""Writing a referral, and reading those that an agency sent or received."""

from datetime import timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query, Response

from chassis.auth import ActorDep, require
from chassis.causality import HEADER, wait_until
from chassis.etag import PreconditionsDep, etag_of, not_modified
from chassis.idempotency import IdempotentRoute, key_required
from chassis.pagination import PageDep
from chassis.problems import Problem
from chassis.session import DatabaseDep, SessionDep
from contracts.codes import Need, ReferralState, Scope
from contracts.event import NearDay
from contracts.http.referral import (
    Measure,
    Monitoring,
    MonitoringItem,
    ReferralAnswer,
    ReferralBody,
    ReferralList,
    UnacceptedItem,
    UnacceptedList,
)
from referral.api.dependencies import NowDep
from referral.api.translate import answer, answers
from referral.calendar import today
from referral.operations.case import RECEIVER, SENDER, NoSuchReferral, read_cases, role_of
from referral.operations.write import write_referral
from referral.queries import referrals
from referral.queries.monitoring import counts
from referral.queries.persons import resolve
from referral.queries.referrals import Asked

router = APIRouter(prefix="/v1", tags=["referrals"], route_class=IdempotentRoute)
READ = [require(Scope.READ)]
REFER = [require(Scope.REFER)]

After = Annotated[str | None, Header(alias=HEADER, include_in_schema=False)]
From = Annotated[NearDay | None, Query(alias="from")]
Until = Annotated[NearDay | None, Query(alias="to")]
Direction = Literal["sent", "received"]
MONITORED_DAYS = 84


@router.post("/referrals", dependencies=[*REFER, key_required], status_code=201, response_model_exclude_none=True)
async def write(
    body: ReferralBody,
    response: Response,
    database: DatabaseDep,
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
    after: After = None,
) -> ReferralAnswer:
    """Writes and submits; what becomes of it depends on the share."""
    if after is not None:
        if not after.isdigit() or len(after) > 18:
            raise Problem(400, f"{HEADER} is a version, a whole number.", code="malformed")
        await wait_until(database, key=body.person, version=int(after))
    case = await write_referral(
        session,
        person_id=body.person,
        to_agency=body.to_agency,
        service_id=body.service_id,
        said=body.model_dump(
            mode="json", exclude_none=True, exclude={"person", "to_agency", "service_id", "onward_of"}
        ),
        onward_of=body.onward_of,
        actor=actor,
        now=now,
    )
    found = await answer(session, case, SENDER)
    response.headers["ETag"] = etag_of(found.version)
    return found


@router.get("/referrals", dependencies=READ, response_model=ReferralList)
async def list_referrals(
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
    page: PageDep,
    direction: Direction = "sent",
    state: ReferralState | None = None,
    overdue: bool | None = None,
    person_id: str | None = None,
    need: Need | None = None,
) -> Response:
    """Newest first. States and overdue are those that the caller's own side has."""
    role = SENDER if direction == "sent" else RECEIVER
    person = (await resolve(session, [person_id]))[person_id] if person_id else None
    asked = Asked(actor.agency, role, state=state, overdue=overdue, person_id=person, need=need)
    after = str(page.after[0]) if page.after else None
    ids = await referrals.listed(session, asked=asked, limit=page.fetch, after=after)
    kept, following = page.cut(ids, lambda referral_id: (referral_id,))
    cases = await read_cases(session, kept, now=now)
    found = await answers(session, list(reversed(cases)), role)
    return page.sparse(found, following)


@router.get("/referrals/{referral_id}", dependencies=READ, response_model=ReferralAnswer)
async def one(
    referral_id: str, session: SessionDep, actor: ActorDep, now: NowDep, wanted: PreconditionsDep
) -> Response:
    """One referral with the ETag of the caller's own side."""
    cases = await read_cases(session, [referral_id], now=now)
    if not cases:
        raise NoSuchReferral
    role = role_of(cases[0].row, actor)
    found = await answer(session, cases[0], role)
    headers = {"ETag": etag_of(found.version)}
    if not_modified(wanted, found.version):
        return Response(status_code=304, headers=headers)
    return Response(found.model_dump_json(exclude_none=True, by_alias=True), 200, headers, "application/json")


@router.get("/unaccepted", dependencies=READ)
async def list_unaccepted(
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
    page: PageDep,
    person_id: str | None = None,
    need: Need | None = None,
) -> UnacceptedList:
    """People in need whom no one has accepted, as far as the caller knows: one line a chain."""
    after = str(page.after[0]) if page.after else None
    rows = await referrals.unaccepted(
        session, agency=actor.agency, person_id=person_id, need=need, limit=page.fetch, after=after
    )
    kept, following = page.cut(rows, lambda row: (row["referral_id"],))
    items = [
        UnacceptedItem(
            person_id=row["person_id"],
            chain_id=row["chain_id"],
            referral_id=row["referral_id"],
            needs=row["needs"],
            state=row["state"],
            bounces=row["bounces"] + row["bounced"],
            days=(now - row["began"]) // timedelta(days=1),
        )
        for row in kept
    ]
    return UnacceptedList(items=items, next=following)


@router.get("/monitoring", dependencies=READ)
async def monitoring(
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
    by: Measure,
    direction: Direction = "sent",
    from_: From = None,
    until: Until = None,
) -> Monitoring:
    """Counts over the caller's own referrals written in these days; without `from` and `to` the last twelve weeks."""
    last = until or today(now) + timedelta(days=1)
    first = from_ or last - timedelta(days=MONITORED_DAYS)
    role = SENDER if direction == "sent" else RECEIVER
    found = await counts(session, agency=actor.agency, role=role, by=by, from_=first, until=last)
    items = [MonitoringItem(key=key, count=count) for key, count in found]
    return Monitoring(by=by, direction=direction, items=items)
