"""A prison pushes a date, or takes one back."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth import Actor
from chassis.ids import new_id
from contracts.codes import DateType
from release_notify.domain import changes
from release_notify.domain.address import Address, address_key
from release_notify.domain.changes import Outcome, Precondition, Push
from release_notify.domain.state import State
from release_notify.operations.keep import keep, neighbours
from release_notify.operations.turn import Cause, turn
from release_notify.queries.states import locked_states


async def set_release_date(
    session: AsyncSession, *, person_id: str, said: Push, precondition: Precondition, actor: Actor, now: datetime
) -> tuple[State, Outcome, bool]:
    """The state afterwards, the outcome, and whether the date is new. Raises NotInCustody and what `precondition`
    raises."""
    before = (await locked_states(session, [person_id]))[person_id]
    changes.ensure_in_custody(before, actor.agency)
    is_new = changes.present(before, said.date_type) is None
    after = changes.opened(before, release_id=new_id(), prison=actor.agency, now=now)
    after, outcome = changes.push(after, said, prison=actor.agency, now=now, precondition=precondition)
    if outcome is Outcome.STALE and before.release:
        return before, outcome, False
    around = await neighbours(session, [address_key(said.address), *map(address_key, _addresses(before))])
    done = turn(before, after, cause=_cause("push", actor), neighbours=around, now=now)
    await keep(session, [done], now=now)
    return done.after, outcome, is_new and outcome is Outcome.APPLIED


async def withdraw_release_date(
    session: AsyncSession,
    *,
    person_id: str,
    date_type: DateType,
    reason: str,
    precondition: Precondition,
    actor: Actor,
    now: datetime,
) -> State:
    """The state afterwards. Raises NotInCustody, NoSuchDate and what `precondition` raises."""
    before = (await locked_states(session, [person_id]))[person_id]
    after = changes.opened(before, release_id=new_id(), prison=actor.agency, now=now)
    after = changes.withdraw(after, date_type, reason=reason, prison=actor.agency, now=now, precondition=precondition)
    around = await neighbours(session, map(address_key, _addresses(before)))
    done = turn(before, after, cause=_cause("withdrawal", actor), neighbours=around, now=now)
    await keep(session, [done], now=now)
    return done.after


def _addresses(state: State) -> list[Address | None]:
    return [fact.address for fact in state.dates.values()]


def _cause(what: str, actor: Actor) -> Cause:
    return Cause(what, actor.agency, actor.member)
