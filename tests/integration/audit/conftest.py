"""A migrated audit database of one's own, a signer, made-up events to feed it, and an auditor who asks."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text

from audit.handlers import appending
from audit.main import create
from audit.signing import Signer, signer
from chassis.db import Database
from chassis.settings import Settings
from contracts.event import EventData
from tests.support.http import client
from tests.support.log_events import received
from tests.support.postgres import MakeDatabase, TestDatabase
from tests.support.tokens import TOKENS

AUDITOR = {"agency": "auditor-north", "kind": "auditor", "member": "a.auditor"}


class Log:
    """Feeds events to the log as its consumer would."""

    def __init__(self, database: Database, signing: Signer) -> None:
        self.database = database
        self.signing = signing

    async def take(self, *events: EventData) -> None:
        async with self.database.transaction() as session:
            await appending(self.signing)(session, received(events))

    async def kinds(self) -> list[str]:
        async with self.database.session() as session:
            return list(await session.scalars(text("SELECT kind FROM log_entry ORDER BY log_index")))


@pytest.fixture
def audit_database(fresh_database: MakeDatabase) -> TestDatabase:
    return fresh_database("audit")


@pytest.fixture
async def database(audit_database: TestDatabase) -> AsyncIterator[Database]:
    database = Database(audit_database.url)
    yield database
    await database.close()


@pytest.fixture(scope="session")
def signing() -> Signer:
    return signer("test.throughgate/log", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))


@pytest.fixture
async def auditor(database: Database, signing: Signer) -> AsyncIterator[httpx2.AsyncClient]:
    app = create(Settings(service="audit"), database, signing, verifier=TOKENS.verifier())
    async with client(app, headers=TOKENS.headers(**AUDITOR)) as asking:
        yield asking


@pytest.fixture
async def log(database: Database, signing: Signer) -> Log:
    return Log(database, signing)
