"""Answers that were kept for retries are forgotten by each service's own timer, in its own login role: a week after an
erasure nothing else would."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

import pytest
from sqlalchemy import text

import caseload.main
import consent.main
import referral.main
import release_notify.main
from chassis import idempotency
from chassis.db import Database
from tests.support.postgres import MakeDatabase

FORGET: Mapping[str, Callable[[Database], Callable[[], Awaitable[None]]]] = {
    "caseload": lambda database: caseload.main.Timers(database).forget_answers,
    "release_notify": lambda database: release_notify.main.Timers(database).forget_answers,
    "referral": lambda database: referral.main.Timers(database).forget_answers,
    "consent": lambda database: consent.main.Timers(database).forget,
}
MINUTE = timedelta(minutes=1)
_ANSWERED = """
INSERT INTO idempotency_record (agency, key_hash, request_hash, status, headers, body, recorded_at)
VALUES ('a', :key, 'r', 200, '{}', 'made up', now() - CAST(:ago AS interval))
"""


@pytest.mark.parametrize("service", FORGET)
async def test_the_timer_forgets_old_answers_and_keeps_others(make_database: MakeDatabase, service: str) -> None:
    database = Database(make_database(service).url, pool_size=2)
    async with database.transaction() as session:
        for key, ago in (("old", idempotency.KEPT + MINUTE), ("new", MINUTE)):
            await session.execute(text(_ANSWERED), {"key": key, "ago": ago})
    await FORGET[service](database)()
    async with database.session() as session:
        left = (await session.scalars(text("SELECT key_hash FROM idempotency_record"))).all()
    assert left == ["new"]
    await database.close()
