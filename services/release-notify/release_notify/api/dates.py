"""A person's dates by type, the release that follows from them, and every change."""

from fastapi import APIRouter, Response
from sqlalchemy import RowMapping

from chassis.auth import ActorDep, require
from chassis.causality import CaughtUp
from chassis.etag import Preconditions, PreconditionsDep, etag_of, not_modified
from chassis.idempotency import IdempotentRoute
from chassis.pagination import PageDep
from chassis.session import SessionDep
from contracts.codes import DateType, Scope
from contracts.http.release import (
    DateMove,
    PushAnswer,
    ReleaseAnswer,
    ReleaseChange,
    ReleaseDateAnswer,
    ReleaseDateBody,
    ReleaseDates,
    ReleaseHistory,
    WithdrawalBody,
)
from release_notify.api.dependencies import NotYours, NowDep, OwnStateDep
from release_notify.api.translate import answered, date_answer, push_of, release_answer, version_of
from release_notify.domain.changes import NoSuchDate, Precondition, present
from release_notify.domain.state import DateFact
from release_notify.operations.dates import set_release_date, withdraw_release_date
from release_notify.queries import releases

router = APIRouter(prefix="/v1/people/{person_id}", tags=["release dates"], route_class=IdempotentRoute)
PUSH = [require(Scope.PUSH), CaughtUp]
READ = [require(Scope.READ), CaughtUp]


@router.put("/release-dates/{date_type}", dependencies=PUSH)
async def push_date(
    person_id: str,
    date_type: DateType,
    body: ReleaseDateBody,
    wanted: PreconditionsDep,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
) -> PushAnswer:
    """201 where the person had no date of this type. Stale and unchanged pushes are answered before If-Match counts."""
    state, outcome, is_new = await set_release_date(
        session,
        person_id=person_id,
        said=push_of(date_type, body),
        precondition=_judged_by(wanted),
        actor=actor,
        now=now,
    )
    response.status_code = 201 if is_new else 200
    if version := version_of(present(state, date_type)):
        response.headers["ETag"] = etag_of(version)
    return PushAnswer.model_validate(release_answer(state, now) | {"outcome": outcome.value})


@router.post("/release-dates/{date_type}/withdrawal", dependencies=PUSH)
async def withdraw_date(
    person_id: str,
    date_type: DateType,
    body: WithdrawalBody,
    wanted: PreconditionsDep,
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
) -> PushAnswer:
    """The date is no longer so; what was effective because of it is told anew. 412 if another is meant."""
    state = await withdraw_release_date(
        session,
        person_id=person_id,
        date_type=date_type,
        reason=body.reason_code,
        precondition=_judged_by(wanted),
        actor=actor,
        now=now,
    )
    return PushAnswer.model_validate(release_answer(state, now) | {"outcome": "applied"})


@router.get("/release-dates", dependencies=READ)
async def all_dates(state: OwnStateDep, page: PageDep) -> ReleaseDates:
    """Every type that the person has a date of, by its name."""
    after = str(page.after[0]) if page.after else ""
    kinds = sorted(kind for kind in DateType if present(state, kind) and kind > after)
    kept, following = page.cut(kinds, lambda kind: (kind,))
    return ReleaseDates(items=[date_answer(state.dates[kind]) for kind in kept], next=following)


@router.get("/release-dates/{date_type}", dependencies=READ, response_model=ReleaseDateAnswer)
async def one_date(
    date_type: DateType, state: OwnStateDep, wanted: PreconditionsDep, response: Response
) -> ReleaseDateAnswer | Response:
    """One date with its ETag; 404 if there is none, or none any more."""
    fact = present(state, date_type)
    version = version_of(fact)
    if fact is None or version is None:
        raise NoSuchDate
    if not_modified(wanted, version):
        return Response(status_code=304, headers={"ETag": etag_of(version)})
    response.headers["ETag"] = etag_of(version)
    return date_answer(fact)


@router.get("/release", dependencies=READ)
async def effective_release(state: OwnStateDep, response: Response, now: NowDep) -> ReleaseAnswer:
    """The release of the present time in custody; 404 before the first push."""
    if state.release is None:
        raise NotYours
    response.headers["ETag"] = etag_of(f"{state.release.release_id}-{state.release.version}")
    return answered(state, now)


@router.get("/release/history", dependencies=READ)
async def release_history(state: OwnStateDep, session: SessionDep, page: PageDep) -> ReleaseHistory:
    """Every change, newest first."""
    before = str(page.after[0]) if page.after else None
    rows = await releases.history(session, person_id=state.person_id, limit=page.fetch, before=before)
    kept, following = page.cut(rows, lambda row: (row["change_id"],))
    return ReleaseHistory(items=[_change(row) for row in kept], next=following)


def _judged_by(wanted: Preconditions) -> Precondition:
    def judge(fact: DateFact | None) -> None:
        wanted.ensure(version_of(fact))

    return judge


def _change(row: RowMapping) -> ReleaseChange:
    return ReleaseChange(
        change_id=row["change_id"],
        release_id=row["release_id"],
        version=row["version"],
        at=row["at"],
        cause=row["cause"],
        prison=row["prison"],
        member=row["member"],
        old_date=row["old_on"],
        new_date=row["new_on"],
        direction=row["direction"],
        date_type=row["date_type"],
        status=row["status"],
        reason=row["reason"],
        notice_working_days=row["notice_working_days"],
        flags=row["flags"],
        dates=[DateMove.model_validate(moved) for moved in row["dates"]],
    )
