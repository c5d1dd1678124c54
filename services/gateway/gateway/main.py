"""The front's composition root: `python -m gateway`."""

import asyncio
import contextlib

from chassis import idempotency, logging, service
from chassis.clock import now
from chassis.db import Database
from chassis.http_client import ServiceClient
from chassis.relay import Relay
from chassis.settings import Settings
from chassis.timer import every
from contracts.topics import Topic
from gateway.api.caller import Owners
from gateway.front import create
from gateway.operations.bulk import forget_old
from gateway.wake import Wakes

TIDY_SECONDS = 3600


def owners_of(settings: Settings) -> Owners:
    """The services behind the gateway, where the settings say they are."""
    return Owners(
        caseload=ServiceClient(settings.caseload_url),
        release_notify=ServiceClient(settings.release_notify_url),
        referral=ServiceClient(settings.referral_url),
        consent=ServiceClient(settings.consent_url),
        audit=ServiceClient(settings.audit_url),
    )


async def run() -> None:
    settings = Settings(service="gateway")
    logging.configure(settings)
    database = Database(settings.database_url, pool_size=settings.database_pool_size)
    wakes = Wakes(database)
    owners = owners_of(settings)
    issuer_client = ServiceClient(settings.issuer_url) if settings.is_local else None

    async def tidy() -> None:
        async with database.transaction() as session:
            await forget_old(session)
            await idempotency.forget_old(session, now=now())

    listening = asyncio.create_task(wakes.run())
    try:
        await service.run(
            settings,
            database=database,
            app=create(settings, database, owners, wakes, issuer_client=issuer_client),
            relay=Relay(database, settings, topics=(Topic.ACCESS_EVENTS,)),
            timers=[every(TIDY_SECONDS, tidy, name="tidy")],
        )
    finally:
        listening.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await listening
        await owners.aclose()
        if issuer_client is not None:
            await issuer_client.aclose()
