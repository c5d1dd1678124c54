"""Erasing a person: referrals with both their sides, appointments, histories, screening requests, and release dates.

Nothing is retracted: consent erases what it was offered by itself. Both ends find no such referral from then on.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.forgetting import empty_waiting
from chassis.outbox import expect_no_answer

OF_REFERRAL = ("side", "appointment")
"""Tables about a referral; `history` is only added to, and its owner's function erases of who is marked as erased."""
OF_RELEASE = ("release_shown", "release_window")
"""Tables about a release."""
OF_PERSON = ("screening", "referral", "release")
"""Tables with person_id and recorded_person_id."""

_REFERRALS = "SELECT referral_id FROM referral WHERE person_id = ANY(:ids) OR recorded_person_id = ANY(:ids)"
_RELEASES = "SELECT release_id FROM release WHERE person_id = ANY(:ids) OR recorded_person_id = ANY(:ids)"
_GONE = "UPDATE person SET erased_at = :now WHERE person_id = ANY(:ids)"
_OPEN = "INSERT INTO person (person_id) SELECT unnest(CAST(:ids AS text[])) ON CONFLICT DO NOTHING"


async def erase(session: AsyncSession, ids: Sequence[str], *, now: datetime) -> None:
    """Erases these ids, whose persons are locked; a second time it changes nothing."""
    names = {"ids": list(ids)}
    await session.execute(text(_OPEN), names)
    await session.execute(text(_GONE), names | {"now": now})
    await session.execute(text("SELECT erase_history(CAST(:ids AS varchar[]))"), names)
    for tables, column, found in ((OF_REFERRAL, "referral_id", _REFERRALS), (OF_RELEASE, "release_id", _RELEASES)):
        for table in tables:
            await session.execute(text(f"DELETE FROM {table} WHERE {column} IN ({found})"), names)  # noqa: S608
    for table in OF_PERSON:
        await session.execute(
            text(f"DELETE FROM {table} WHERE person_id = ANY(:ids) OR recorded_person_id = ANY(:ids)"),  # noqa: S608
            names,
        )
    await empty_waiting(session, ids)
    await expect_no_answer(session, ids, now=now)
