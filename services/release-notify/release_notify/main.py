"""Composition root: `python -m release_notify`."""

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
from release_notify.api import ROUTERS
from release_notify.handlers import apply
from release_notify.operations.timers import BATCH, fire_milestones, settle_shared_addresses

GROUP = "release-notify"
TOPICS = (Topic.CASELOAD_EVENTS, Topic.SHARE_RECEIPTS)


async def main() -> None:
    settings = Settings(service="release-notify")
    logging.configure(settings)
    database = Database(settings.database_url, pool_size=settings.database_pool_size)
    timers = Timers(database)
    await run(
        settings,
        database=database,
        app=create(settings, database),
        relay=Relay(
            database, settings, topics=(Topic.RELEASE_EVENTS, Topic.OFFERS), bulk_window={Topic.OFFERS: BULK_WINDOW}
        ),
        consumers=[Consumer(database, settings, group=GROUP, topics=TOPICS, apply=apply)],
        timers=[
            every(5, timers.milestones),
            every(2, timers.shared_addresses),
            every(600, timers.forget_answers),
        ],
    )


def create(settings: Settings, database: Database, *, verifier: Verifier | None = None) -> FastAPI:
    """The HTTP half alone."""
    return create_app(settings, ROUTERS, database=database, title="Throughgate release-notify", verifier=verifier)


class Timers:
    """Work of this service that no request causes. Each step is a short transaction of its own."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def milestones(self) -> None:
        """Fires what is due, batch after batch, until nothing is."""
        while await self._fire():
            pass

    async def shared_addresses(self) -> None:
        async with self.database.transaction() as session:
            await settle_shared_addresses(session, now=clock.now())

    async def forget_answers(self) -> None:
        async with self.database.transaction() as session:
            await idempotency.forget_old(session, now=clock.now())

    async def _fire(self) -> int:
        async with self.database.transaction() as session:
            return await fire_milestones(session, now=clock.now(), limit=BATCH)
