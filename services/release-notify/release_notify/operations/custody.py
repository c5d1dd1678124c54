"""What movements do to a release: a transfer hands it over, a release makes it a fact, new custody ends it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.outbox import emit_all
from contracts.caseload import CustodyChangedV1
from contracts.codes import CustodyStatus
from release_notify.calendar import today
from release_notify.domain import changes
from release_notify.domain.address import address_key
from release_notify.domain.facts import effective_date
from release_notify.domain.settle import retract
from release_notify.domain.state import Custody, State
from release_notify.models import ChangeRow, CustodyRow, ReleaseRow
from release_notify.operations.keep import change_row, events_of, keep, neighbours
from release_notify.operations.turn import Cause, turn
from release_notify.operations.upsert import insert, upsert
from release_notify.queries.rows import release_row
from release_notify.queries.states import locked_states

_BEHIND = """
UPDATE release r SET closed_at = coalesce(r.closed_at, :now), ended_by = r.recorded_person_id FROM custody c
WHERE r.recorded_person_id = :number AND (r.closed_at IS NOT NULL OR r.person_id <> r.recorded_person_id)
  AND c.recorded_person_id = r.recorded_person_id AND c.prison IS NULL AND c.custody_id <> :custody_id
"""


async def receive_new(session: AsyncSession, moves: Sequence[CustodyChangedV1]) -> set[str]:
    """Notes the custody of numbers that nothing is known of, all at once; returns the persons that this took.

    Without a release there is nothing to turn. Who moves twice in the batch is left to `move`, in order.
    """
    times = Counter(moved.person_id for moved in moves)
    states = await locked_states(session, times)
    new = [
        moved
        for moved in moves
        if times[moved.person_id] == 1
        and (state := states[moved.person_id]).person_id == moved.person_id
        and state.custody is None
        and state.release is None
    ]
    await upsert(session, CustodyRow, [_row(moved, moved.person_id) for moved in new])
    return {moved.person_id for moved in new}


async def move(session: AsyncSession, moved: CustodyChangedV1, *, now: datetime) -> None:
    """Applies what caseload says of a number's custody now, its person locked. Of numbers merged into one person the
    newest movement counts, and a registration only where nothing moved."""
    await _leave_behind(session, moved, now=now)
    state = (await locked_states(session, [moved.person_id]))[moved.person_id]
    await upsert(session, CustodyRow, [_row(moved, state.person_id)])
    custody = (await locked_states(session, [state.person_id]))[state.person_id].custody
    assert custody is not None
    cause = Cause("custody", moved.prison or moved.previous_prison or (state.release.prison if state.release else ""))
    if changes.ends_period(state, custody) or (state.release and _never_held(moved, custody)):
        state = await end_period(session, state, ended_by=moved.person_id, cause=cause, now=now)
    after = changes.moved(state, custody, released_on=today(custody.occurred_at))
    around = await neighbours(session, [address_key(fact.address) for fact in state.dates.values()])
    await keep(session, [turn(state, after, cause=cause, neighbours=around, now=now)], now=now)


async def _leave_behind(session: AsyncSession, moved: CustodyChangedV1, *, now: datetime) -> None:
    """Where a number is held anew, its own custody ended every release but the person's, whatever closed it before."""
    if moved.prison is not None:
        values = {"number": moved.person_id, "custody_id": moved.custody_id, "now": now}
        await session.execute(text(_BEHIND), values)


def _never_held(moved: CustodyChangedV1, custody: Custody) -> bool:
    """Whether nothing has moved them after all: what was written under this number was another person's, and so was the
    release. (Of two numbers of one person the custody may be the other's.)"""
    return custody.prison is None and moved.moved_at is None and custody.custody_id == moved.custody_id


async def end_period(session: AsyncSession, state: State, *, ended_by: str, cause: Cause, now: datetime) -> State:
    """Closes every open release of the person; what was offered of their own is retracted. Dates start anew."""
    assert state.release is not None
    await retract_release(session, state, cause=cause, now=now)
    await close_releases(session, state.person_id, ended_by=ended_by, now=now)
    return replace(state, release=None, dates={})


async def close_releases(session: AsyncSession, person_id: str, *, ended_by: str, now: datetime) -> None:
    """The custody of the number `ended_by` puts behind what is open of the person, whichever number it came under."""
    await session.execute(
        text(
            "UPDATE release SET closed_at = :now, ended_by = :ended_by, plan = '{}', next_milestone_on = NULL"
            " WHERE person_id = :person_id AND closed_at IS NULL"
        ),
        {"now": now, "ended_by": ended_by, "person_id": person_id},
    )


async def retract_release(session: AsyncSession, state: State, *, cause: Cause, now: datetime) -> State:
    """The person's own release is told no more: its row, its history, its last events."""
    assert state.release is not None
    stays = effective_date(state.release)
    release, told = retract(state.release)
    gone = replace(state, release=release)
    await upsert(session, ReleaseRow, [release_row(release, gone)])
    if told:
        row = change_row(cause, release_id=release.release_id, told=told, dates=[], stays=stays, now=now)
        await insert(session, ChangeRow, [row])
        await emit_all(session, events_of(gone, told, now), now=now)
    return gone


def _row(moved: CustodyChangedV1, person_id: str) -> dict[str, Any]:
    return {
        "recorded_person_id": moved.person_id,
        "person_id": person_id,
        "custody_id": moved.custody_id,
        "status": CustodyStatus(moved.status).value,
        "prison": moved.prison,
        "occurred_at": moved.occurred_at.isoformat(),
        "moved_at": moved.moved_at.isoformat() if moved.moved_at else None,
    }
