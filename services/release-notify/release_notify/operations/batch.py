"""Many lines of one prison in one transaction: the states are read at once, changed in memory, and written at once.

Persons are locked in id order and for as long as this takes, so a single push waits for a moment at most.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth import Actor
from chassis.ids import new_id
from chassis.outbox import Lane
from release_notify.domain import changes
from release_notify.domain.address import address_key
from release_notify.domain.changes import NotInCustody, Outcome, Push
from release_notify.domain.lines import Refused, keeping
from release_notify.domain.state import State
from release_notify.operations.keep import keep, neighbours
from release_notify.operations.turn import Cause, Turn, turn
from release_notify.queries.states import locked_states


@dataclass(frozen=True)
class Line:
    """A line whose person is resolved; `said` is a push, or why it could not be read."""

    line: int
    person_id: str
    said: Push | Refused


@dataclass(frozen=True)
class Result:
    line: int
    outcome: Outcome
    release_id: str | None = None
    refused: Refused | None = None


async def push_lines(session: AsyncSession, *, lines: Sequence[Line], actor: Actor, now: datetime) -> list[Result]:
    """One result per line, in order; consecutive lines of one person are one change. A bad line stops no other."""
    states = await locked_states(session, [line.person_id for line in lines])
    around = await neighbours(
        session, [address_key(fact.address) for state in states.values() for fact in state.dates.values()]
    )
    now_of = {state.person_id: state for state in states.values()}
    cause = Cause("bulk", actor.agency, actor.member)
    results: list[Result] = []
    turns: list[Turn] = []
    for asked, group in groupby(lines, key=lambda line: line.person_id):
        before = now_of[states[asked].person_id]
        after, outcomes = _apply(before, list(group), actor.agency, now)
        if after is not before:
            turns.append(turn(before, after, cause=cause, neighbours=around, now=now))
            after = now_of[before.person_id] = turns[-1].after
        results += [_result(line, outcome, after) for line, outcome in outcomes]
    await keep(session, turns, now=now, lane=Lane.BULK)
    return results


Applied = list[tuple[Line, Outcome | Refused]]


def _apply(state: State, lines: Sequence[Line], prison: str, now: datetime) -> tuple[State, Applied]:
    outcomes: Applied = []
    for line in lines:
        if isinstance(line.said, Refused):
            outcomes.append((line, line.said))
            continue
        try:
            after, outcome = changes.push(state, keeping(state, line.said), prison=prison, now=now)
        except NotInCustody as refusal:
            outcomes.append((line, Refused(refusal.code, refusal.detail)))
            continue
        if outcome is not Outcome.STALE:
            state = changes.opened(after, release_id=new_id(), prison=prison, now=now)
        outcomes.append((line, outcome))
    return state, outcomes


def _result(line: Line, outcome: Outcome | Refused, state: State) -> Result:
    if isinstance(outcome, Refused):
        return Result(line.line, Outcome.REJECTED, refused=outcome)
    return Result(line.line, outcome, release_id=state.release.release_id if state.release else None)
