"""Composition root: `python -m consent`."""

from collections.abc import Sequence
from pathlib import Path

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
from consent.api import ROUTERS
from consent.handlers import TOPICS, apply
from consent.operations.deciding import Undecidable, decide_due
from consent.operations.persons import BATCH
from consent.operations.policy import VersionNotNewer, publish
from contracts.agreement import Agreement, load_agreement, version_key
from contracts.topics import Topic

log = logging.get(__name__)

GROUP = "consent"
DEPLOYMENT = "deployment"
"""Who publishes what the deployment brings along."""


async def main() -> None:
    settings = Settings(service="consent")
    logging.configure(settings)
    database = Database(settings.database_url, pool_size=settings.database_pool_size)
    await publish_agreements(database, read_agreements(settings.deploy_dir / "agreements"))
    timers = Timers(database)
    await run(
        settings,
        database=database,
        app=create(settings, database),
        relay=Relay(database, settings, topics=(Topic.SHARE_DENIALS, Topic.CONSENT_EVENTS)),
        consumers=[Consumer(database, settings, group=GROUP, topics=TOPICS, apply=apply, batch=BATCH)],
        timers=[every(0.2, timers.decide), every(600, timers.forget)],
    )


def create(settings: Settings, database: Database, *, verifier: Verifier | None = None) -> FastAPI:
    """The HTTP half alone."""
    return create_app(settings, ROUTERS, database=database, title="Throughgate consent", verifier=verifier)


def read_agreements(folder: Path) -> list[Agreement]:
    """The agreements of a folder, oldest versions first."""
    found = [load_agreement(path) for path in sorted(folder.glob("*.yaml"))]
    return sorted(found, key=lambda each: (each.id, version_key(each.version)))


async def publish_agreements(database: Database, agreements: Sequence[Agreement]) -> None:
    """Brings versions into force in this order; those in force already change nothing.

    Raises LimitBroken or VersionPublished: a deployment with an agreement that may not be published does not start.
    """
    for agreement in agreements:
        try:
            async with database.transaction() as session:
                published = await publish(session, agreement=agreement, actor=DEPLOYMENT, now=clock.now())
        except VersionNotNewer:
            log.info("agreement.older_than_in_force", agreement=agreement.id, version=agreement.version)
            continue
        if published:
            log.info("agreement.published", agreement=agreement.id, version=agreement.version)


class Timers:
    """Work of this service that no request and no event causes."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def decide(self) -> None:
        """Decides who is due or queued, batch by batch, until nobody is. Of a batch that cannot be decided everybody is
        tried alone: one of whom it cannot holds up nobody else, and is tried again the next time."""
        cannot: set[str] = set()
        alone = 0
        while True:
            limit = 1 if alone else BATCH
            try:
                async with self.database.transaction() as session:
                    done = await decide_due(session, now=clock.now(), limit=limit, but=cannot)
            except Undecidable as failed:
                if alone:
                    log.error("person.undecidable", exc_info=failed.__cause__)
                    cannot |= failed.persons
                alone = alone - 1 if alone else len(failed.persons)
                continue
            if done < limit:
                return
            alone = max(alone - 1, 0)

    async def forget(self) -> None:
        """Deletes old answers and what was sent long ago."""
        async with self.database.transaction() as session:
            await idempotency.forget_old(session, now=clock.now())
