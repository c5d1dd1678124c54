"""Composition root: `python -m referral`."""

from fastapi import FastAPI

from chassis import clock, idempotency, logging
from chassis.consumer import Consumer
from chassis.db import Database
from chassis.http import create_app
from chassis.relay import Relay
from chassis.service import run
from chassis.settings import Settings
from chassis.timer import every
from chassis.tokens import Verifier
from chassis.waves import BULK_WINDOW
from contracts.topics import Topic
from referral.api import ROUTERS
from referral.handlers import apply
from referral.operations.timers import expire, mark_overdue, turn_windows

GROUP = "referral"
TOPICS = (Topic.CASELOAD_EVENTS, Topic.RELEASE_EVENTS, Topic.SHARE_RECEIPTS)


async def main() -> None:
    settings = Settings(service="referral")
    logging.configure(settings)
    database = Database(settings.database_url, pool_size=settings.database_pool_size)
    timers = Timers(database)
    await run(
        settings,
        database=database,
        app=create(settings, database),
        relay=Relay(
            database, settings, topics=(Topic.REFERRAL_EVENTS, Topic.OFFERS), bulk_window={Topic.OFFERS: BULK_WINDOW}
        ),
        consumers=[Consumer(database, settings, group=GROUP, topics=TOPICS, apply=apply)],
        timers=[
            every(2, timers.overdue),
            every(30, timers.expired),
            every(30, timers.windows),
            every(600, timers.forget_answers),
        ],
    )


def create(settings: Settings, database: Database, *, verifier: Verifier | None = None) -> FastAPI:
    """The HTTP half alone."""
    return create_app(settings, ROUTERS, database=database, title="Throughgate referral", verifier=verifier)


class Timers:
    """Work of this service that no request causes. Each step is a short transaction of its own."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def overdue(self) -> None:
        """Batch after batch, until nothing is due."""
        while await self._mark():
            pass

    async def expired(self) -> None:
        while await self._expire():
            pass

    async def windows(self) -> None:
        while await self._turn():
            pass

    async def forget_answers(self) -> None:
        async with self.database.transaction() as session:
            await idempotency.forget_old(session, now=clock.now())

    async def _mark(self) -> int:
        async with self.database.transaction() as session:
            return await mark_overdue(session, now=clock.now())

    async def _expire(self) -> int:
        async with self.database.transaction() as session:
            return await expire(session, now=clock.now())

    async def _turn(self) -> int:
        async with self.database.transaction() as session:
            return await turn_windows(session, now=clock.now())
