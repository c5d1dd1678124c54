"""A release moved: who was shown its new date has other due times, and is told why; the windows move with it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.release import ReleaseDateChangedV1
from referral.domain.policy import DEFAULT, Policy
from referral.domain.windows import windows
from referral.models import ReleaseRow, WindowRow
from referral.operations.case import read_cases
from referral.operations.keep import keep
from referral.queries.persons import lock_person

_CONCERNED = """
SELECT DISTINCT r.referral_id FROM referral r JOIN side s USING (referral_id)
WHERE r.person_id = ANY(:persons) AND s.state = ANY(:open)
  AND (CAST(:agencies AS text[]) IS NULL OR s.agency = ANY(:agencies))
"""
OPEN = [
    "received",
    "information-requested",
    "on-hold",
    "accepted",
    "allocated",
    "in-progress",
    "rejected",
]
"""States in which a date matters: an answer is due, an appointment may be too early, a refusal may be past."""


async def move_release(
    session: AsyncSession, changed: ReleaseDateChangedV1, *, now: datetime, policy: Policy = DEFAULT
) -> None:
    """Keeps the version and its windows. The prison knows it at once; others when the share of it is in the log."""
    person_id = await lock_person(session, changed.person_id)
    if await session.get(ReleaseRow, (changed.release_id, changed.version)) is not None:
        return
    session.add(
        ReleaseRow(
            release_id=changed.release_id,
            version=changed.version,
            person_id=person_id,
            recorded_person_id=changed.person_id,
            prison=changed.prison,
            release_on=changed.new_date,
            at=changed.at,
        )
    )
    await session.flush()
    await _move_windows(session, changed, policy)
    await judge_again(session, [person_id], agencies=None, now=now)


async def judge_again(
    session: AsyncSession, person_ids: Sequence[str], *, agencies: Sequence[str] | None, now: datetime
) -> None:
    """Due times and alerts of these locked persons' referrals, for these agencies or for all."""
    found = await session.execute(text(_CONCERNED), {"persons": list(person_ids), "agencies": agencies, "open": OPEN})
    for case in await read_cases(session, list(found.scalars()), now=now):
        case.date_moved = True
        case.tell = "referral.release-date-moved"
        await keep(session, case)


async def _move_windows(session: AsyncSession, changed: ReleaseDateChangedV1, policy: Policy) -> None:
    """A window that opened stays open, and one that closed stays closed, wherever the date goes."""
    if changed.new_date is None:
        await session.execute(
            text("DELETE FROM release_window WHERE release_id = :id AND opened_at IS NULL"),
            {"id": changed.release_id},
        )
        return
    for name, window in windows(changed.new_date, policy).items():
        row = await session.get(WindowRow, (changed.release_id, name.value))
        if row is None:
            row = WindowRow(
                release_id=changed.release_id,
                window=name.value,
                opens_on=window.opens_on,
                closes_on=window.closes_on,
            )
            session.add(row)
        row.opens_on, row.closes_on = window.opens_on, window.closes_on
    await session.flush()
