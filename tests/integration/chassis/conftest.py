"""A service of the chassis alone: its tables, a relay and a consumer, and a made-up handler that keeps what it got."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import psycopg
import pytest
from sqlalchemy import create_engine, pool

from chassis.broker import ensure_topics
from chassis.db import Database
from chassis.settings import Environment, Settings
from chassis.tables import ChassisTable
from tests.support.broker import Broker
from tests.support.postgres import MakeDatabase


@pytest.fixture
async def database(make_empty_database: MakeDatabase) -> AsyncIterator[Database]:
    made = make_empty_database("caseload")
    engine = create_engine(made.owner_url.replace("postgresql://", "postgresql+psycopg://"), poolclass=pool.NullPool)
    ChassisTable.metadata.create_all(engine)
    engine.dispose()
    with psycopg.connect(made.owner_url, autocommit=True) as owner:
        owner.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO caseload")
        owner.execute("GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO caseload")
        owner.execute(
            "CREATE TABLE applied (topic text, key text, version int, at timestamptz DEFAULT clock_timestamp())"
        )
        owner.execute("GRANT ALL ON applied TO caseload")
    opened = Database(made.url)
    yield opened
    await opened.close()


@pytest.fixture
async def settings(broker: Broker) -> Settings:
    made = Settings(environment=Environment.TEST, service="caseload", **broker.settings)  # type: ignore[arg-type]
    await ensure_topics(made)
    return made


@asynccontextmanager
async def running(*parts: Callable[[asyncio.Event], object]) -> AsyncIterator[None]:
    """Runs `part(stop)` of each until the block ends, then stops them cleanly."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for part in parts:
            group.create_task(part(stop))  # type: ignore[arg-type]
        try:
            yield
        finally:
            stop.set()
