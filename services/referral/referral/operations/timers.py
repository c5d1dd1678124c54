"""What time alone brings: overdue, expiry, windows. Each is claimed in the transaction that does it, and comes once."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.outbox import emit_all
from contracts.codes import ReferralAction, ReferralRole, ReferralWindow
from contracts.referral import ReferralOverdueV1, ReferralWindowChangedV1
from referral.calendar import today
from referral.operations.case import RECEIVER, SYSTEM, Case, follow, read_cases, touch
from referral.operations.keep import keep
from referral.queries.agencies import contacts_of
from referral.queries.releases import due_windows, persons_of_release

BATCH = 200

_CLAIM = """
SELECT p.person_id FROM person p WHERE p.person_id IN (
    SELECT r.person_id FROM side s JOIN referral r USING (referral_id) WHERE {due} ORDER BY r.person_id LIMIT :limit
) ORDER BY p.person_id FOR UPDATE SKIP LOCKED
"""
_DUE = """
SELECT s.referral_id, s.role FROM side s JOIN referral r USING (referral_id)
WHERE r.person_id = ANY(:persons) AND {due}
"""
LATE = "s.due_at <= :now AND NOT s.overdue"
OLD = "s.expires_at <= :now"


async def mark_overdue(session: AsyncSession, *, now: datetime, limit: int = BATCH) -> int:
    """Marks sides whose due time has passed, each by its own; returns how many. The receiver's is told to both ends,
    and names the single point of contact whom it is for."""
    claimed = await _claimed(session, LATE, now=now, limit=limit)
    contacts = await contacts_of(session, [case.row.receiver for case, _ in claimed])
    for case, roles in claimed:
        for role in roles:
            case.sides[role] = replace(case.sides[role], overdue=True)
            touch(case, role)
        if RECEIVER in roles:
            due_at = case.receiver.due_at
            assert due_at is not None  # it was claimed by it
            case.events.append(
                ReferralOverdueV1.model_validate(
                    {
                        "person_id": case.row.person_id,
                        "referral_id": case.row.referral_id,
                        "sender": case.row.sender,
                        "receiver": case.row.receiver,
                        "due_at": due_at,
                        "contact": contacts.get(case.row.receiver),
                        "at": now,
                    }
                )
            )
        case.tell = "referral.overdue"
        await keep(session, case)
    return sum(len(roles) for _, roles in claimed)


async def expire(session: AsyncSession, *, now: datetime, limit: int = BATCH) -> int:
    """Ends sides that stood too long, each by its own; returns how many."""
    claimed = await _claimed(session, OLD, now=now, limit=limit)
    for case, roles in claimed:
        for role in roles:
            follow(case, role, ReferralAction.EXPIRY, SYSTEM)
        await keep(session, case)
    return sum(len(roles) for _, roles in claimed)


async def turn_windows(session: AsyncSession, *, now: datetime, limit: int = BATCH) -> int:
    """Opens and closes the windows of the day; returns how many."""
    found = await due_windows(session, day=today(now), limit=limit)
    events = []
    for release_id, window, opens in found:
        column = "opened_at" if opens else "closed_at"
        await session.execute(
            text(f'UPDATE release_window SET {column} = :now WHERE release_id = :id AND "window" = :window'),  # noqa: S608
            {"now": now, "id": release_id, "window": window},
        )
        events += [
            ReferralWindowChangedV1(
                person_id=person_id, release_id=release_id, window=ReferralWindow(window), open=opens, at=now
            )
            for person_id in await persons_of_release(session, release_id)
        ]
    await emit_all(session, events, now=now)
    return len(found)


async def _claimed(
    session: AsyncSession, due: str, *, now: datetime, limit: int
) -> Sequence[tuple[Case, list[ReferralRole]]]:
    """Cases with the sides that are due, of persons whom nobody else is busy with."""
    values = {"now": now, "limit": limit}
    persons = list((await session.execute(text(_CLAIM.format(due=due)), values)).scalars())
    if not persons:
        return ()
    sides: dict[str, list[ReferralRole]] = {}
    for referral_id, role in await session.execute(text(_DUE.format(due=due)), {"now": now, "persons": persons}):
        sides.setdefault(referral_id, []).append(ReferralRole(role))
    return [(case, sides[case.row.referral_id]) for case in await read_cases(session, list(sides), now=now)]
