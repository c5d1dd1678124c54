"""Releases of the caller's own prison: what is coming, what it comes to, and the governor's part."""

from collections import Counter
from datetime import datetime, time, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Response
from sqlalchemy import RowMapping

from chassis.auth import ActorDep, ensure_member, require
from chassis.etag import etag_of
from chassis.idempotency import IdempotentRoute
from chassis.pagination import PageDep
from chassis.session import SessionDep
from contracts.codes import ReleaseFlag, Scope
from contracts.event import NearDay
from contracts.http.release import (
    AddressCheckBody,
    ComingRelease,
    ComingReleases,
    DayOfReleaseDecisionBody,
    MoveSummary,
    ReleaseAnswer,
    ReleaseSummary,
    WeekSummary,
)
from release_notify.api.dependencies import NowDep
from release_notify.api.translate import answered, monday_of
from release_notify.calendar import LONDON, england_and_wales, today
from release_notify.domain.changes import NoSuchRelease, ensure_own_release
from release_notify.domain.facts import content, flags_on
from release_notify.domain.policy import DEFAULT
from release_notify.operations.decisions import decide_day_of_release, record_address_check
from release_notify.queries import releases
from release_notify.queries.releases import Coming
from release_notify.queries.states import state as state_of

router = APIRouter(prefix="/v1/releases", tags=["releases"], route_class=IdempotentRoute)
PUSH = [require(Scope.PUSH)]
READ = [require(Scope.READ)]

SUMMARY_WEEKS = 12

From = Annotated[NearDay | None, Query(alias="from")]
Until = Annotated[NearDay | None, Query(alias="to")]


@router.get("", dependencies=READ)
async def coming(
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
    page: PageDep,
    from_: From = None,
    until: Until = None,
    flag: ReleaseFlag | None = None,
) -> ComingReleases:
    """Releases with a date of people who are still held, by day; `from` is in, `to` is out."""
    asked = Coming(actor.agency, from_=from_, until=until, flag=flag)
    after = (str(page.after[0]), str(page.after[1])) if page.after else None
    rows = await releases.coming_releases(session, asked=asked, limit=page.fetch, after=after, now=now)
    kept, following = page.cut(rows, lambda row: (row["effective_on"].isoformat(), row["release_id"]))
    return ComingReleases(items=[_coming(row, now) for row in kept], next=following)


@router.get("/summary", dependencies=READ)
async def summary(
    session: SessionDep, actor: ActorDep, now: NowDep, from_: From = None, until: Until = None
) -> ReleaseSummary:
    """Releases of these days by week and flag; moves of dates recorded, and decisions made, in the same span of time.

    Without `from` and `to`: releases of the next twelve weeks, and moves of the last twelve.
    """
    day, span = today(now), timedelta(weeks=SUMMARY_WEEKS)
    coming_from, coming_until = from_ or day, until or (from_ or day) + span
    moved_from, moved_until = (from_ or day - span), (until or day + timedelta(days=1))
    rows = await releases.releases_between(session, prison=actor.agency, from_=coming_from, until=coming_until)
    counted: dict[object, Counter[ReleaseFlag]] = {}
    sizes: Counter[object] = Counter()
    for row in rows:
        week = monday_of(row["effective_on"])
        sizes[week] += 1
        counted.setdefault(week, Counter()).update(_flags(row, now))
    instants = {"from_": _midnight(moved_from), "until": _midnight(moved_until)}
    moves = await releases.moves_between(session, prison=actor.agency, **instants)
    decisions = await releases.decisions_between(session, prison=actor.agency, **instants)
    return ReleaseSummary(
        weeks=[
            WeekSummary.model_validate({"week_starting": week, "releases": sizes[week], "flags": counted[week]})
            for week in sorted(sizes, key=str)
        ],
        moves=[MoveSummary.model_validate(dict(row)) for row in moves],
        decisions={row["decision"]: row["count"] for row in decisions},
    )


@router.get("/{release_id}", dependencies=READ)
async def one_release(
    release_id: str, response: Response, session: SessionDep, actor: ActorDep, now: NowDep
) -> ReleaseAnswer:
    """One release of the caller's own prison."""
    person_id = await releases.person_of_release(session, release_id)
    if person_id is None:
        raise NoSuchRelease
    found = await state_of(session, person_id)
    ensure_own_release(found, release_id, prison=actor.agency)
    answer = answered(found, now)
    response.headers["ETag"] = etag_of(f"{release_id}-{answer.version}")
    return answer


@router.put("/{release_id}/day-of-release-decision", dependencies=PUSH)
async def decide(
    release_id: str,
    body: DayOfReleaseDecisionBody,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
) -> ReleaseAnswer:
    """The governor's decision. It is recorded and told beside the date; the date itself stays until it is pushed."""
    member = ensure_member(actor)
    state = await decide_day_of_release(
        session,
        release_id=release_id,
        decision=body.decision,
        day=body.date,
        reason=body.reason,
        member=member,
        actor=actor,
        now=now,
    )
    assert state.release is not None
    response.headers["ETag"] = etag_of(f"{release_id}-{state.release.version}")
    return answered(state, now)


@router.post("/{release_id}/address-check", dependencies=PUSH)
async def check_address(
    release_id: str, body: AddressCheckBody, session: SessionDep, actor: ActorDep, now: NowDep
) -> ReleaseAnswer:
    """Clears `address-unverified` for the address that the release has now, or keeps it."""
    state = await record_address_check(
        session,
        release_id=release_id,
        confirmed=body.result == "confirmed",
        checked_with=body.checked_with,
        actor=actor,
        now=now,
    )
    return answered(state, now)


def _coming(row: RowMapping, now: datetime) -> ComingRelease:
    said = content(row["offered"], today=today(now), holidays=england_and_wales, policy=DEFAULT)
    return ComingRelease(
        release_id=row["release_id"],
        person_id=row["person_id"],
        version=row["version"],
        release_date=row["effective_on"],
        date_type=said["date_type"],
        status=said["status"],
        flags=said["flags"],
        notice_working_days=said["notice_working_days"],
        advised_date=said["advised_date"],
        governor_decision=said.get("governor_decision"),
    )


def _flags(row: RowMapping, now: datetime) -> tuple[ReleaseFlag, ...]:
    return flags_on(row["offered"], today=today(now), holidays=england_and_wales, policy=DEFAULT)


def _midnight(day: object) -> datetime:
    return datetime.combine(day, time(), tzinfo=LONDON)  # type: ignore[arg-type]
