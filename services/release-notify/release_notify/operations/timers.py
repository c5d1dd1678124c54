"""What time alone brings: milestones, and addresses that many people now give. Each is claimed where it is done."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.outbox import emit_all
from contracts.release import ReleaseMilestoneReachedV1
from release_notify.calendar import today
from release_notify.domain import milestones
from release_notify.domain.address import address_key
from release_notify.domain.facts import effective_date
from release_notify.domain.policy import DEFAULT, Policy
from release_notify.models import ReleaseRow
from release_notify.operations.keep import keep, neighbours
from release_notify.operations.turn import Cause, turn
from release_notify.operations.upsert import upsert
from release_notify.queries.rows import release_row
from release_notify.queries.states import locked_states

BATCH = 200

_DUE = """
SELECT p.person_id FROM person p JOIN release r ON r.person_id = p.person_id AND r.recorded_person_id = p.person_id
WHERE r.next_milestone_on <= :today AND r.closed_at IS NULL
ORDER BY p.person_id LIMIT :limit FOR UPDATE OF p SKIP LOCKED
"""
_TOUCHED = "SELECT touch_id, address_key FROM touched_address ORDER BY touch_id LIMIT :limit FOR UPDATE SKIP LOCKED"
_WRONG = """
WITH counted AS (
    SELECT address_key, count(*) >= :threshold AS shared FROM release
    WHERE address_key = ANY(:keys) AND closed_at IS NULL AND person_id = recorded_person_id GROUP BY address_key
)
SELECT r.person_id FROM release r JOIN counted c USING (address_key)
WHERE r.closed_at IS NULL AND r.person_id = r.recorded_person_id AND r.address_shared <> c.shared
ORDER BY r.person_id
"""


async def fire_milestones(session: AsyncSession, *, now: datetime, limit: int = BATCH) -> int:
    """Fires what is due for up to `limit` persons and returns how many milestones; 0 when nothing is left."""
    day = today(now)
    claimed = (await session.execute(text(_DUE), {"today": day, "limit": limit})).scalars().all()
    if not claimed:
        return 0
    events, rows = [], []
    for state in (await locked_states(session, claimed)).values():
        release = state.release
        counted_from = (release.released_on or effective_date(release)) if release else None
        if release is None or counted_from is None:
            continue
        due = milestones.due(release.plan, day)
        events += [
            ReleaseMilestoneReachedV1(
                person_id=state.person_id,
                release_id=release.release_id,
                milestone=name,
                release_date=counted_from,
                due_on=due_on,
                at=now,
            )
            for name, due_on in due
        ]
        gone = {name for name, _ in due}
        left = {name: due_on for name, due_on in release.plan.items() if name not in gone}
        rows.append(release_row(replace(release, plan=left, fired=release.fired | gone), state))
    await upsert(session, ReleaseRow, rows)
    await emit_all(session, events, now=now)
    return len(events)


async def settle_shared_addresses(
    session: AsyncSession, *, now: datetime, limit: int = BATCH, policy: Policy = DEFAULT
) -> int:
    """Looks at addresses whose number of people changed; tells anew of everyone whose flag was wrong. Returns how many
    addresses were looked at."""
    touched = (await session.execute(text(_TOUCHED), {"limit": limit})).all()
    if not touched:
        return 0
    keys = sorted({row.address_key for row in touched})
    wrong = await session.execute(text(_WRONG), {"keys": keys, "threshold": policy.shared_address_from})
    states = await locked_states(session, wrong.scalars().all())
    around = await neighbours(
        session, [address_key(fact.address) for state in states.values() for fact in state.dates.values()]
    )
    turns = []
    for state in states.values():
        if state.release:
            cause = Cause("address-shared", state.release.prison)
            turns.append(turn(state, state, cause=cause, neighbours=around, now=now, policy=policy))
    await keep(session, turns, now=now)
    done = {"ids": [row.touch_id for row in touched]}
    await session.execute(text("DELETE FROM touched_address WHERE touch_id = ANY(:ids)"), done)
    return len(keys)
