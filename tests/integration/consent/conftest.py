"""A consent service of each test's own."""

from collections.abc import AsyncIterator

import pytest

from chassis.db import Database
from tests.support.consent_service import ConsentService
from tests.support.postgres import MakeDatabase


@pytest.fixture
async def service(fresh_database: MakeDatabase) -> AsyncIterator[ConsentService]:
    database = Database(fresh_database("consent").url)
    found = ConsentService(database)
    await found.start()
    try:
        yield found
    finally:
        await database.close()
