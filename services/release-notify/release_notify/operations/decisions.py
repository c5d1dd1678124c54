"""The governor's decision about the day, and the check of an address: both by the prison whose release it is."""

from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth import Actor
from chassis.ids import new_id
from chassis.outbox import emit
from contracts.codes import GovernorDecision
from contracts.release import DayOfReleaseDecidedV1
from release_notify.calendar import england_and_wales, today
from release_notify.domain import changes
from release_notify.domain.address import address_key
from release_notify.domain.changes import NoSuchRelease, ensure_own_release
from release_notify.domain.facts import advice_on
from release_notify.domain.policy import DEFAULT
from release_notify.domain.state import State
from release_notify.models import AddressCheckRow, DecisionRow
from release_notify.operations.keep import keep, neighbours
from release_notify.operations.turn import Cause, turn
from release_notify.operations.upsert import insert
from release_notify.queries.releases import person_of_release
from release_notify.queries.states import locked_states


async def decide_day_of_release(
    session: AsyncSession,
    *,
    release_id: str,
    decision: GovernorDecision,
    day: date | None,
    reason: str,
    member: str,
    actor: Actor,
    now: datetime,
) -> State:
    """The state afterwards. A brought-forward release without a day takes the advised one. Raises NoSuchRelease,
    NothingToDecide, DayNotAllowed."""
    before = await _own_release(session, release_id, actor)
    assert before.release is not None
    offered = before.release.offered
    advised = None
    if offered:
        advised = advice_on(offered, today=today(now), holidays=england_and_wales, policy=DEFAULT).day
    if decision is GovernorDecision.BROUGHT_FORWARD and day is None:
        day = advised
    after = changes.decide(
        before,
        decision,
        day=day,
        reason=reason,
        member=member,
        now=now,
        holidays=england_and_wales,
        policy=DEFAULT,
    )
    made = after.release.decision if after.release else None
    assert made is not None
    row = {
        "decision_id": new_id(),
        "release_id": release_id,
        "prison": actor.agency,
        "decision": decision.value,
        "due_on": made.due.isoformat(),
        "decided_on": made.date.isoformat(),
        "advised_on": advised.isoformat() if advised else None,
        "reason": reason,
        "member": member,
        "at": now.isoformat(),
    }
    await insert(session, DecisionRow, [row])
    event = DayOfReleaseDecidedV1(
        person_id=before.person_id, release_id=release_id, decision=decision, date=made.date, at=now
    )
    await emit(session, event, now=now)
    return await _keep(session, before, after, "day-of-release-decision", actor, now)


async def record_address_check(
    session: AsyncSession,
    *,
    release_id: str,
    confirmed: bool,
    checked_with: str | None,
    actor: Actor,
    now: datetime,
) -> State:
    """The state afterwards. Raises NoSuchRelease, NoAddress."""
    before = await _own_release(session, release_id, actor)
    after = changes.check_address(before, confirmed=confirmed)
    row = {
        "check_id": new_id(),
        "release_id": release_id,
        "prison": actor.agency,
        "confirmed": confirmed,
        "checked_with": checked_with,
        "member": actor.member,
        "at": now.isoformat(),
    }
    await insert(session, AddressCheckRow, [row])
    return await _keep(session, before, after, "address-check", actor, now)


async def _own_release(session: AsyncSession, release_id: str, actor: Actor) -> State:
    person_id = await person_of_release(session, release_id)
    if person_id is None:
        raise NoSuchRelease
    state = (await locked_states(session, [person_id]))[person_id]
    ensure_own_release(state, release_id, prison=actor.agency)
    return state


async def _keep(session: AsyncSession, before: State, after: State, what: str, actor: Actor, now: datetime) -> State:
    around = await neighbours(session, [address_key(fact.address) for fact in before.dates.values()])
    done = turn(before, after, cause=Cause(what, actor.agency, actor.member), neighbours=around, now=now)
    await keep(session, [done], now=now)
    return done.after
