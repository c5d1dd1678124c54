"""Audit's composition root: `python -m audit`."""

from fastapi import FastAPI

from audit.api import router
from audit.handlers import TOPICS, appending
from audit.operations.turns import sign_turns
from audit.signing import Signer, load_signer
from chassis import logging, service
from chassis.consumer import Consumer
from chassis.db import Database
from chassis.http import create_app
from chassis.relay import Relay
from chassis.settings import Settings
from chassis.tokens import Verifier
from contracts.topics import Topic

BATCH = 2_000


def create(settings: Settings, database: Database, signer: Signer, *, verifier: Verifier | None = None) -> FastAPI:
    """The HTTP application."""
    app = create_app(settings, [router], database=database, title="Throughgate audit", verifier=verifier)
    app.state.signer = signer
    return app


async def give_turns(database: Database, signer: Signer) -> None:
    """Before anything is sent: every batch has its turn, whenever it was appended."""
    given = 1
    while given:
        async with database.transaction() as session:
            given = await sign_turns(session, signer)


async def run() -> None:
    settings = Settings(service="audit")
    logging.configure(settings)
    signer = load_signer(settings)
    database = Database(settings.database_url, pool_size=settings.database_pool_size)
    await give_turns(database, signer)
    await service.run(
        settings,
        database=database,
        app=create(settings, database, signer),
        relay=Relay(database, settings, topics=(Topic.SHARE_LOG, Topic.SHARE_RECEIPTS)),
        consumers=[
            Consumer(database, settings, group="audit", topics=TOPICS, apply=appending(signer), batch=BATCH),
        ],
    )
