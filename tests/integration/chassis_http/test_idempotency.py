"""A command sent twice with one key is done once and answered twice."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from fastapi import APIRouter, FastAPI, Response
from pydantic import BaseModel
from sqlalchemy import text

from chassis import clock
from chassis.db import Database
from chassis.http import SessionDep, create_app
from chassis.idempotency import IdempotentRoute, forget_old, key_required
from chassis.settings import Environment, Settings
from contracts.errors import Conflict
from tests.support.http import client, problem
from tests.support.tokens import TOKENS

SETTINGS = Settings(environment=Environment.TEST, service="idempotency")
CHARITY = TOKENS.headers("charity-newstart", "provider")
POLICE = TOKENS.headers("police-north", "police")


class Note(BaseModel):
    word: str


class Gate:
    """Lets a test hold an endpoint in the middle of its work."""

    def __init__(self) -> None:
        self.entered = asyncio.Event()
        self.leave = asyncio.Event()


def application(database: Database, gate: Gate) -> FastAPI:
    router = APIRouter(prefix="/v1", route_class=IdempotentRoute)
    count = text("INSERT INTO note SELECT coalesce(max(id), 0) + 1, NULL FROM note RETURNING id")

    @router.post("/notes", status_code=201, dependencies=[key_required])
    async def create(note: Note, session: SessionDep, response: Response) -> dict[str, Any]:
        if note.word == "slow":
            gate.entered.set()
            await gate.leave.wait()
        number = (await session.execute(count)).scalar_one()
        if note.word == "refused":
            raise Conflict
        response.headers["ETag"] = f'"{number}"'
        return {"number": number, "word": note.word}

    @router.post("/lookups")
    async def lookup(session: SessionDep) -> int:
        return int((await session.execute(count)).scalar_one())

    return create_app(SETTINGS, [router], database=database, title="idempotency", verifier=TOKENS.verifier())


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
async def caller(database: Database, gate: Gate) -> AsyncIterator[httpx2.AsyncClient]:
    async with client(application(database, gate)) as caller:
        yield caller


async def send(
    caller: httpx2.AsyncClient, key: str | None, word: str = "a", agency: dict[str, str] = CHARITY, path: str = "/notes"
) -> httpx2.Response:
    headers = {**agency, **({"idempotency-key": key} if key is not None else {})}
    return await caller.post(f"/v1{path}", json={"word": word}, headers=headers)


async def done(database: Database) -> int:
    async with database.session() as session:
        return int((await session.execute(text("SELECT count(*) FROM note"))).scalar_one())


async def test_the_same_command_again_gets_the_first_answer(caller: httpx2.AsyncClient, database: Database) -> None:
    first = await send(caller, "k1")
    again = await send(caller, "k1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["etag"] == first.headers["etag"] == '"1"'
    assert again.headers["content-type"] == "application/json"
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert await done(database) == 1


async def test_the_key_for_another_command_is_422(caller: httpx2.AsyncClient, database: Database) -> None:
    await send(caller, "k1", "a")
    problem(await send(caller, "k1", "b"), 422, "idempotency-key-reused")
    problem(await send(caller, "k1", "a", path="/lookups"), 422, "idempotency-key-reused")
    assert await done(database) == 1


async def test_a_command_that_creates_needs_a_key(caller: httpx2.AsyncClient, database: Database) -> None:
    problem(await send(caller, None), 400, "idempotency-key-missing")
    for key in ("", "x" * 300, "a b"):
        problem(await send(caller, key), 400, "idempotency-key-malformed")
    assert await done(database) == 0


async def test_a_command_that_does_not_create_may_have_one(caller: httpx2.AsyncClient) -> None:
    numbers = [(await send(caller, key, path="/lookups")).json() for key in (None, None, "k1", "k1")]
    assert numbers == [1, 2, 3, 3]


async def test_keys_belong_to_an_agency(caller: httpx2.AsyncClient, database: Database) -> None:
    await send(caller, "k1", agency=CHARITY)
    answer = await send(caller, "k1", "other", agency=POLICE)
    assert answer.json() == {"number": 2, "word": "other"}
    assert "idempotency-replayed" not in answer.headers


async def test_while_the_first_is_running_the_second_is_409(
    caller: httpx2.AsyncClient, database: Database, gate: Gate
) -> None:
    first = asyncio.create_task(send(caller, "k1", "slow"))
    await gate.entered.wait()
    problem(await send(caller, "k1", "slow"), 409, "idempotency-key-in-use")
    other = asyncio.create_task(send(caller, "k2", "a"))
    assert (await other).status_code == 201
    gate.leave.set()
    answer = await first
    assert answer.status_code == 201
    assert (await send(caller, "k1", "slow")).content == answer.content
    assert await done(database) == 2


async def test_a_refused_command_leaves_no_record_and_may_be_tried_again(
    caller: httpx2.AsyncClient, database: Database
) -> None:
    for _ in range(2):
        answer = await send(caller, "k1", "refused")
        problem(answer, 409, "conflict")
        assert "idempotency-replayed" not in answer.headers
    assert await done(database) == 0


async def test_an_effect_that_is_not_committed_leaves_no_record(caller: httpx2.AsyncClient, database: Database) -> None:
    async with database.transaction() as session:
        await session.execute(
            text(
                "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN RAISE EXCEPTION USING ERRCODE = '57014'; END $$"
            )
        )
        await session.execute(
            text(
                "CREATE CONSTRAINT TRIGGER no_commit AFTER INSERT ON note DEFERRABLE INITIALLY DEFERRED "
                "FOR EACH ROW EXECUTE FUNCTION refuse()"
            )
        )
    problem(await send(caller, "k1"), 503, "unavailable")
    async with database.transaction() as session:
        await session.execute(text("DROP FUNCTION refuse CASCADE"))
    answer = await send(caller, "k1")
    assert answer.status_code == 201
    assert "idempotency-replayed" not in answer.headers


async def test_a_key_without_a_token_is_401(caller: httpx2.AsyncClient) -> None:
    problem(await send(caller, "k1", agency={}), 401, "unauthorized")


async def test_answers_are_kept_a_day_at_least_and_not_for_ever(caller: httpx2.AsyncClient, database: Database) -> None:
    await send(caller, "k1")
    async with database.transaction() as session:
        assert await forget_old(session, now=clock.now() + timedelta(hours=24)) == 0
    assert (await send(caller, "k1")).headers["idempotency-replayed"] == "true"
    async with database.transaction() as session:
        assert await forget_old(session, now=clock.now() + timedelta(hours=49)) == 1
    assert "idempotency-replayed" not in (await send(caller, "k1")).headers


async def test_no_key_is_kept_as_it_was_sent(caller: httpx2.AsyncClient, database: Database) -> None:
    await send(caller, "A1234AA")
    async with database.session() as session:
        kept = (await session.execute(text("SELECT key_hash FROM idempotency_record"))).scalar_one()
    assert len(kept) == 64
    assert "A1234AA" not in kept
