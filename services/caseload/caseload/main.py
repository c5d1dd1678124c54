"""Composition root: `python -m caseload`."""

from fastapi import FastAPI

from caseload.api import ROUTERS
from caseload.handlers import HANDLERS
from caseload.operations.agencies import read_files, register_agencies
from caseload.operations.involvement import end_due
from chassis import clock, idempotency, logging
from chassis.consumer import Consumer, dispatch
from chassis.db import Database
from chassis.http import create_app
from chassis.relay import Relay
from chassis.service import run
from chassis.settings import Settings
from chassis.timer import every
from chassis.tokens import Verifier
from chassis.waves import BULK_WINDOW
from contracts.topics import Topic

GROUP = "caseload"
TOPICS = (Topic.SHARE_RECEIPTS, Topic.REFERRAL_EVENTS)


async def main() -> None:
    settings = Settings(service="caseload")
    logging.configure(settings)
    database = Database(settings.database_url, pool_size=settings.database_pool_size)
    await load_agencies(database, settings)
    await run(
        settings,
        database=database,
        app=create(settings, database),
        relay=Relay(
            database, settings, topics=(Topic.CASELOAD_EVENTS, Topic.OFFERS), bulk_window={Topic.OFFERS: BULK_WINDOW}
        ),
        consumers=[Consumer(database, settings, group=GROUP, topics=TOPICS, apply=dispatch(HANDLERS))],
        timers=[every(1, Timers(database).end_involvements), every(600, Timers(database).forget_answers)],
    )


def create(settings: Settings, database: Database, *, verifier: Verifier | None = None) -> FastAPI:
    """The HTTP half alone."""
    return create_app(settings, ROUTERS, database=database, title="Throughgate caseload", verifier=verifier)


async def load_agencies(database: Database, settings: Settings) -> None:
    """Registers what deploy/agencies holds; what stands there already changes nothing."""
    entries = read_files(settings.deploy_dir)
    async with database.transaction() as session:
        await register_agencies(session, entries=entries, now=clock.now())


class Timers:
    """Work of this service that no request causes."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def end_involvements(self) -> None:
        """Ends involvements whose time has come."""
        async with self.database.transaction() as session:
            await end_due(session, now=clock.now())

    async def forget_answers(self) -> None:
        async with self.database.transaction() as session:
            await idempotency.forget_old(session, now=clock.now())
