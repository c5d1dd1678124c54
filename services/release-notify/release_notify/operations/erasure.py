"""Erasing a person: releases, dates, their history, decisions and checks, under every number the person ever had.

Nothing is retracted: consent erases what it was offered by itself. Who gave the same address is counted anew.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.forgetting import empty_waiting
from chassis.ids import new_id
from chassis.outbox import expect_no_answer
from release_notify.models import TouchedAddressRow
from release_notify.operations.upsert import insert

HISTORY = ("change", "day_of_release_decision", "address_check")
"""Tables about a release that are only added to; their owner's functions erase of who is marked as erased."""
OF_PERSON = ("custody", "sequence", "release")
"""Tables with person_id and recorded_person_id."""

_RELEASES = "SELECT release_id, address_key FROM release WHERE person_id = ANY(:ids) OR recorded_person_id = ANY(:ids)"
_GONE = "UPDATE person SET erased_at = :now, pending_since = NULL WHERE person_id = ANY(:ids)"
_OPEN = "INSERT INTO person (person_id) SELECT unnest(CAST(:ids AS text[])) ON CONFLICT DO NOTHING"


async def erase(session: AsyncSession, ids: Sequence[str], *, now: datetime) -> None:
    """Erases these ids, whose persons are locked; a second time it changes nothing."""
    names = {"ids": list(ids)}
    await session.execute(text(_OPEN), names)
    releases = (await session.execute(text(_RELEASES), names)).all()
    keys = sorted({release.address_key for release in releases if release.address_key})
    await session.execute(text(_GONE), names | {"now": now})
    for table in HISTORY:
        await session.execute(text(f"SELECT erase_{table}(CAST(:ids AS varchar[]))"), names)
    dates = {"releases": [release.release_id for release in releases]}
    await session.execute(text("DELETE FROM release_date WHERE release_id = ANY(:releases)"), dates)
    for table in OF_PERSON:
        await session.execute(
            text(f"DELETE FROM {table} WHERE person_id = ANY(:ids) OR recorded_person_id = ANY(:ids)"),  # noqa: S608
            names,
        )
    await insert(session, TouchedAddressRow, [{"touch_id": new_id(), "address_key": key} for key in keys])
    await empty_waiting(session, ids)
    await expect_no_answer(session, ids, now=now)
