"""The deliverer's composition root: `python -m gateway.deliverer`.

One process, and the only one that calls anything outside; it holds no view, and of feeds it cannot read the content.
"""

import asyncio
import contextlib
from datetime import timedelta

from chassis import logging, service
from chassis.db import Database
from chassis.http_client import tls_context
from chassis.outside import rules_of
from chassis.seal import sealer
from chassis.settings import Settings
from chassis.timer import every
from gateway.calling import Outward
from gateway.delivering import Deliverer, Desk
from gateway.operations.sending import forget_old
from gateway.wake import Wakes

TIDY_SECONDS = 3600


def desk_of(settings: Settings, database: Database, wakes: Wakes) -> Desk:
    """What the settings say about calling."""
    ca_file = None if settings.outside_ca_file is None else str(settings.outside_ca_file)
    return Desk(
        database=database,
        wakes=wakes,
        sealer=sealer(settings),
        outward=Outward(rules_of(settings), tls_context(ca_file), settings.delivery_timeout_s),
        cursor_key=settings.cursor_key,
        give_up=timedelta(seconds=settings.delivery_give_up_s),
    )


async def run() -> None:
    settings = Settings(service="gateway-deliverer")
    logging.configure(settings)
    database = Database(settings.database_url, pool_size=settings.database_pool_size)
    wakes = Wakes(database)
    deliverer = Deliverer(desk_of(settings, database, wakes))

    async def tidy() -> None:
        async with database.transaction() as session:
            await forget_old(session)

    listening = asyncio.create_task(wakes.run())
    try:
        await service.run(
            settings, database=database, timers=[every(TIDY_SECONDS, tidy, name="tidy")], others=[deliverer]
        )
    finally:
        listening.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await listening


if __name__ == "__main__":
    service.main(run())
