"""A migrated audit database of one's own, a signer, and made-up events to feed it."""

from collections.abc import AsyncIterator

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.signing import Signer, signer
from chassis.db import Database
from tests.support.postgres import MakeDatabase, TestDatabase


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
