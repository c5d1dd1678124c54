"""Several gateways on one port: each application keeps its conventions under its own prefix."""

from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import httpx2
import psycopg
import pytest
import sqlalchemy.exc
from fastapi import APIRouter, FastAPI
from fastapi.responses import StreamingResponse
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp

from chassis import logging
from chassis.http import BULK_BODY_LIMIT, create_app
from chassis.settings import Environment, Settings
from tests.support.http import problem
from tests.support.tokens import TOKENS

SETTINGS = Settings(environment=Environment.TEST, service="mounted")
FAULTS: dict[str, Exception] = {
    "database": sqlalchemy.exc.OperationalError("SELECT", {}, psycopg.OperationalError("gone")),
    "ours": sqlalchemy.exc.IntegrityError("INSERT", {}, psycopg.errors.UniqueViolation("twice")),
}


def gateway() -> FastAPI:
    router = APIRouter(prefix="/v1")

    @router.post("/people/{person}")
    async def change(person: str, body: dict[str, Any]) -> str:
        return "changed"

    @router.post("/bulk", max_body_size=BULK_BODY_LIMIT)
    async def bulk(body: dict[str, Any]) -> str:
        return "taken"

    @router.get("/broken-off/{fault}")
    async def broken_off(fault: str) -> StreamingResponse:
        async def lines() -> AsyncIterator[bytes]:
            yield b"one\n"
            raise FAULTS[fault]

        return StreamingResponse(lines())

    @router.get("/broken")
    async def broken() -> None:
        raise RuntimeError

    return create_app(
        SETTINGS, [router], database=None, title="g", verifier=TOKENS.verifier(), openapi_url="/v1/openapi.json"
    )


def under_starlette() -> ASGIApp:
    return Starlette(routes=[Mount("/police", gateway()), Mount("/prison", gateway())])


def under_an_application() -> ASGIApp:
    parent = create_app(SETTINGS, [], database=None, title="parent", verifier=TOKENS.verifier(), max_body_size=None)
    parent.mount("/police", gateway())
    parent.mount("/prison", gateway())
    return parent


@pytest.fixture(params=[under_starlette, under_an_application])
def app(request: pytest.FixtureRequest) -> ASGIApp:
    made: ASGIApp = request.param()
    return made


async def call(app: ASGIApp, method: str, path: str, **options: Any) -> httpx2.Response:
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://throughgate.test") as caller:
        return await caller.request(method, path, **options)


async def test_the_conventions_hold_under_a_prefix(app: ASGIApp) -> None:
    assert (await call(app, "POST", "/prison/v1/people/x", json={})).json() == "changed"
    problem(await call(app, "POST", "/prison/v1/people/x?a=1", json={}), 422, "unknown-parameter")
    problem(await call(app, "GET", "/prison/v1/nowhere"), 404, "not-found")
    problem(await call(app, "GET", "/police/v1/broken"), 500, "internal")
    document = (await call(app, "GET", "/police/v1/openapi.json")).json()
    assert "/v1/people/{person}" in document["paths"]


async def test_a_body_limit_holds_and_can_be_raised_under_a_prefix(
    app: ASGIApp, capsys: pytest.CaptureFixture[str]
) -> None:
    logging.configure(SETTINGS)
    too_long = {"text": "x" * 2_000_000}
    answer = await call(app, "POST", "/prison/v1/people/x", json=too_long)
    assert problem(answer, 413, "too-large")["detail"] == "A body may be 1 MiB here at most."
    assert answer.headers["cache-control"] == "no-store"
    assert "http.unexpected" not in capsys.readouterr().out, "a body that is too long is no fault"
    assert (await call(app, "POST", "/prison/v1/bulk", json=too_long)).json() == "taken"


async def test_each_request_is_logged_once_with_its_prefix(app: ASGIApp, capsys: pytest.CaptureFixture[str]) -> None:
    logging.configure(SETTINGS)
    await call(app, "POST", "/prison/v1/people/A1234AA", json={})
    lines = [line for line in capsys.readouterr().out.splitlines() if "http.answered" in line]
    assert len(lines) == 1
    assert '"route": "/prison/v1/people/{person}"' in lines[0]


@pytest.mark.parametrize(("fault", "event"), [("database", "http.not-now"), ("ours", "http.unexpected")])
async def test_an_answer_that_breaks_off_is_told_by_what_it_broke_off_at(
    app: ASGIApp, capsys: pytest.CaptureFixture[str], fault: str, event: str
) -> None:
    logging.configure(SETTINGS)
    with suppress(RuntimeError):
        await call(app, "GET", f"/prison/v1/broken-off/{fault}")
    said = capsys.readouterr().out
    told = {each for each in ("http.not-now", "http.unexpected") if each in said}
    assert told == {event}
