"""A release moved: who was shown its new date has other due times, and is told why; the windows move with it."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.release import ReleaseDateChangedV1
from referral.domain.policy import DEFAULT, Policy
from referral.domain.windows import windows
from referral.operations.case import read_cases
from referral.operations.keep import keep
from referral.queries.persons import resolve

_ADD = """
INSERT INTO release (release_id, version, person_id, recorded_person_id, prison, release_on, at)
SELECT release_id, version, person_id, recorded_person_id, prison, release_on, at
FROM jsonb_populate_recordset(CAST(NULL AS release), CAST(:rows AS jsonb)) ON CONFLICT DO NOTHING
"""
_WINDOWS = """
INSERT INTO release_window (release_id, "window", opens_on, closes_on)
SELECT release_id, "window", opens_on, closes_on
FROM jsonb_populate_recordset(CAST(NULL AS release_window), CAST(:rows AS jsonb))
ON CONFLICT (release_id, "window") DO UPDATE SET opens_on = EXCLUDED.opens_on, closes_on = EXCLUDED.closes_on
"""
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


async def move_releases(
    session: AsyncSession, changes: Sequence[ReleaseDateChangedV1], *, now: datetime, policy: Policy = DEFAULT
) -> None:
    """Keeps the versions and windows of a run whose persons are locked, in a fixed number of statements.

    The prison knows a date at once; others when the share of it is in the log."""
    persons = await resolve(session, [changed.person_id for changed in changes])
    rows = [
        {
            "release_id": changed.release_id,
            "version": changed.version,
            "person_id": persons[changed.person_id],
            "recorded_person_id": changed.person_id,
            "prison": changed.prison,
            "release_on": changed.new_date.isoformat() if changed.new_date else None,
            "at": changed.at.isoformat(),
        }
        for changed in changes
    ]
    await session.execute(text(_ADD), {"rows": json.dumps(rows)})
    await _move_windows(session, {changed.release_id: changed.new_date for changed in changes}, policy)
    await judge_again(session, sorted(set(persons.values())), agencies=None, now=now)


async def judge_again(
    session: AsyncSession, person_ids: Sequence[str], *, agencies: Sequence[str] | None, now: datetime
) -> None:
    """Due times and alerts of these locked persons' referrals, for these agencies or for all."""
    found = await session.execute(text(_CONCERNED), {"persons": list(person_ids), "agencies": agencies, "open": OPEN})
    for case in await read_cases(session, list(found.scalars()), now=now):
        case.date_moved = True
        case.tell = "referral.release-date-moved"
        await keep(session, case)


async def _move_windows(session: AsyncSession, dates: Mapping[str, date | None], policy: Policy) -> None:
    """A window that opened stays open, and one that closed stays closed, wherever the date goes."""
    gone = [release_id for release_id, day in dates.items() if day is None]
    await session.execute(
        text("DELETE FROM release_window WHERE release_id = ANY(:ids) AND opened_at IS NULL"), {"ids": gone}
    )
    rows = [
        {
            "release_id": release_id,
            "window": name.value,
            "opens_on": window.opens_on.isoformat(),
            "closes_on": window.closes_on.isoformat(),
        }
        for release_id, day in dates.items()
        if day
        for name, window in windows(day, policy).items()
    ]
    await session.execute(text(_WINDOWS), {"rows": json.dumps(rows)})
