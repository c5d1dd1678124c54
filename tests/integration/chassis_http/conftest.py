"""A database with the chassis' tables and one table of the tests' own."""

from collections.abc import AsyncIterator

import pytest
import sqlalchemy

from chassis.db import Database
from chassis.idempotency_table import IdempotencyRecord
from chassis.tables import ChassisTable
from tests.support.postgres import MakeDatabase

assert IdempotencyRecord.__tablename__ in ChassisTable.metadata.tables


@pytest.fixture(scope="session")
def database_url(make_empty_database: MakeDatabase) -> str:
    """The owner's URL of a database made once; tests use rows of their own."""
    url = make_empty_database("consent").owner_url
    engine = sqlalchemy.create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))
    with engine.begin() as connection:
        ChassisTable.metadata.create_all(connection)
        connection.execute(
            sqlalchemy.text("CREATE TABLE note (id int PRIMARY KEY, word text UNIQUE DEFERRABLE INITIALLY DEFERRED)")
        )
    engine.dispose()
    return url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    async with database.transaction() as session:
        await session.execute(sqlalchemy.text("TRUNCATE note, idempotency_record, stream_position"))
    yield database
    await database.close()
