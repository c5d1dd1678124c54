"""The projector's composition root: `python -m gateway.projector`.

One process; it reads `share-log` and `share-denials` and nothing else, and it alone writes what agencies see.
"""

import asyncio
from pathlib import Path

from chassis import logging, service
from chassis.consumer import Consumer
from chassis.db import Database
from chassis.settings import Settings
from chassis.timer import every
from contracts.log_proof import VerifierKey, parse_verifier_key
from contracts.topics import Topic
from gateway.handlers import believing, projecting
from gateway.operations.erasing import erase_late_messages

KEY_FILE = "share-log.pub"
TIDY_SECONDS = 3600

log = logging.get(__name__)


def key_file(settings: Settings) -> Path:
    """Where the log's verifier key is."""
    return settings.log_key_file or settings.data_dir / KEY_FILE


async def log_key(settings: Settings) -> VerifierKey:
    """The log's public key; waits for audit to write it. Raises ValueError if it is of another log."""
    path = key_file(settings)
    while not path.exists():
        log.warning("projector.waits_for_key")
        await asyncio.sleep(0.5)
    key = parse_verifier_key(path.read_text())
    if key.log != settings.log_origin:
        raise ValueError("the verifier key is of another log")
    return key


def consumers(settings: Settings, database: Database, key: VerifierKey) -> tuple[Consumer, Consumer]:
    """One for the log, in small batches, and one for denials, which so wait for one batch of the log at most.

    The log's begins when the other has caught up: what was taken back while the projector was away is born hidden.
    """
    apply = projecting(key)
    denials = Consumer(database, settings, group="gateway-denials", topics=[Topic.SHARE_DENIALS], apply=apply)
    return (
        Consumer(
            database,
            settings,
            group="gateway-projector",
            topics=[Topic.SHARE_LOG],
            apply=apply,
            batch=2,
            believes=believing(key),
            first=denials,
        ),
        denials,
    )


async def run() -> None:
    settings = Settings(service="gateway-projector")
    logging.configure(settings)
    database = Database(settings.database_url, pool_size=4)
    reading = consumers(settings, database, await log_key(settings))

    async def tidy() -> None:
        async with database.transaction() as session:
            await erase_late_messages(session)

    await service.run(settings, database=database, consumers=reading, timers=[every(TIDY_SECONDS, tidy, name="tidy")])


if __name__ == "__main__":
    service.main(run())
