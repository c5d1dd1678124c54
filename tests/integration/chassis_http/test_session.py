"""An answer that says something was done leaves only after the commit that made it true."""

from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.responses import JSONResponse, Response
from sqlalchemy import text

from chassis.db import AsyncSession, Database
from chassis.http import SessionDep, create_app
from chassis.settings import Environment, Settings
from contracts.errors import Conflict
from tests.support.http import client, problem
from tests.support.tokens import TOKENS

SETTINGS = Settings(environment=Environment.TEST, service="session")


async def write(session: AsyncSession, number: int, word: str) -> None:
    await session.execute(text("INSERT INTO note VALUES (:number, :word)"), {"number": number, "word": word})


def application(database: Database) -> FastAPI:
    router = APIRouter()

    @router.put("/notes/{number}/{word}")
    async def note(number: int, word: str, session: SessionDep) -> dict[str, Any]:
        await write(session, number, word)
        return {"done": number}

    @router.put("/own-response/{number}/{word}")
    async def own_response(number: int, word: str, session: SessionDep) -> Response:
        await write(session, number, word)
        return JSONResponse({"done": number})

    @router.put("/refused/{number}")
    async def refused(number: int, session: SessionDep) -> None:
        await write(session, number, "refused")
        raise Conflict

    @router.put("/cut-off/{number}")
    async def cut_off(number: int, session: SessionDep) -> dict[str, Any]:
        await write(session, number, "cut-off")
        pid = (await session.execute(text("SELECT pg_backend_pid()"))).scalar_one()
        async with database.connection() as other:
            await other.execute("SELECT pg_terminate_backend(%s)", (pid,))
            await other.execute("SELECT pg_sleep(0.05)")
        return {"done": number}

    return create_app(SETTINGS, [router], database=database, title="session", verifier=TOKENS.verifier())


async def notes(database: Database) -> list[int]:
    async with database.session() as session:
        return list((await session.execute(text("SELECT id FROM note ORDER BY id"))).scalars())


async def test_what_was_answered_is_committed(database: Database) -> None:
    committed_when_answered: list[list[int]] = []
    app = application(database)

    async def watching(scope: Any, receive: Any, send: Any) -> None:
        async def sending(message: Any) -> None:
            if message["type"] == "http.response.start":
                committed_when_answered.append(await notes(database))
            await send(message)

        await app(scope, receive, sending)

    async with client(watching) as caller:  # type: ignore[arg-type]
        assert (await caller.put("/notes/1/a")).json() == {"done": 1}
        assert (await caller.put("/own-response/2/b")).json() == {"done": 2}
    assert committed_when_answered == [[1], [1, 2]]


@pytest.mark.parametrize("path", ["/notes/2/a", "/own-response/2/a"])
async def test_a_commit_that_is_refused_is_never_answered_as_done(database: Database, path: str) -> None:
    async with client(application(database)) as caller:
        assert (await caller.put("/notes/1/a")).status_code == 200
        problem(await caller.put(path), 500, "internal")
    assert await notes(database) == [1]


async def test_a_connection_lost_before_the_commit_is_503_and_nothing_is_done(database: Database) -> None:
    async with client(application(database)) as caller:
        answer = await caller.put("/cut-off/1")
        problem(answer, 503, "unavailable")
        assert answer.headers["retry-after"]
        assert (await caller.put("/notes/2/b")).status_code == 200
    assert await notes(database) == [2]


async def test_a_refusal_undoes_what_came_before_it(database: Database) -> None:
    async with client(application(database)) as caller:
        problem(await caller.put("/refused/1"), 409, "conflict")
    assert await notes(database) == []


async def test_a_database_that_is_not_there_is_503_and_not_ready() -> None:
    absent = Database("postgresql://nobody@127.0.0.1:9/nothing")
    async with client(application(absent)) as caller:
        answer = await caller.put("/notes/1/a")
        problem(answer, 503, "unavailable")
        assert answer.headers["retry-after"]
        problem(await caller.get("/health/readiness"), 503, "not-ready")
        assert (await caller.get("/health/liveness")).status_code == 200
    await absent.close()


async def test_ready_when_the_database_answers(database: Database) -> None:
    async with client(application(database)) as caller:
        assert (await caller.get("/health/readiness")).json()["status"] == "ready"
