"""An owner never answers from a state older than what its caller already knows."""

import asyncio
from typing import Any

from fastapi import APIRouter, FastAPI
from sqlalchemy import text

from chassis.causality import CaughtUp, wait_until
from chassis.db import Database
from chassis.http import SessionDep, create_app
from chassis.settings import Environment, Settings
from contracts.topics import Topic
from tests.support.http import client, problem
from tests.support.tokens import TOKENS

PERSON = "0199a000-0000-7000-8000-000000000001"


def application(database: Database) -> FastAPI:
    router = APIRouter(prefix="/v1")

    @router.get("/people/{person}", dependencies=[CaughtUp])
    async def position(person: str, session: SessionDep) -> int:
        found = await session.execute(
            text("SELECT version FROM stream_position WHERE key = :person"), {"person": person}
        )
        return int(found.scalar() or 0)

    settings = Settings(environment=Environment.TEST, service="causality")
    return create_app(settings, [router], database=database, title="causality", verifier=TOKENS.verifier())


async def apply(database: Database, version: int, topic: str = Topic.CASELOAD_EVENTS) -> None:
    statement = text(
        "INSERT INTO stream_position (topic, key, version) VALUES (:topic, :key, :version) "
        "ON CONFLICT (topic, key) DO UPDATE SET version = excluded.version"
    )
    async with database.transaction() as session:
        await session.execute(statement, {"topic": topic, "key": PERSON, "version": version})


async def get(database: Database, after: str | None) -> Any:
    async with client(application(database)) as caller:
        return await caller.get(f"/v1/people/{PERSON}", headers={"throughgate-after": after} if after else {})


async def test_without_the_header_nothing_waits(database: Database) -> None:
    assert (await get(database, None)).json() == 0


async def test_what_has_arrived_is_answered(database: Database) -> None:
    await apply(database, 4)
    assert (await get(database, "4")).json() == 4


async def test_what_has_not_arrived_is_waited_for(database: Database) -> None:
    await apply(database, 3)
    waiting = asyncio.create_task(get(database, "4"))
    done, _ = await asyncio.wait({waiting}, timeout=0.1)
    assert not done
    await apply(database, 4)
    assert (await waiting).json() == 4


async def test_what_does_not_arrive_is_503(database: Database) -> None:
    await apply(database, 9, topic=Topic.OFFERS)
    answer = await get(database, "1")
    problem(answer, 503, "not-caught-up")
    assert answer.headers["retry-after"]


async def test_waiting_holds_no_connection(database: Database, database_url: str) -> None:
    only_one = Database(database_url, pool_size=1)
    waiting = asyncio.create_task(wait_until(only_one, key=PERSON, version=1, timeout_s=60))
    for version in (0, 1):
        await apply(only_one, version)
    await waiting
    await only_one.close()


async def test_a_header_that_is_no_version_is_400(database: Database) -> None:
    for header in ("x", "-1", "1.5", "9" * 30):
        problem(await get(database, header), 400, "malformed")
