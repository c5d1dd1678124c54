"""What a process works on at once is bounded, and a place is held by work alone."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

import httpx2
from fastapi import APIRouter, Body, FastAPI, Request
from fastapi.responses import StreamingResponse

from chassis.capacity import Capacity, aside
from chassis.http import create_app
from chassis.settings import Environment, Settings
from tests.support.eventually import eventually
from tests.support.http import client, problem
from tests.support.tokens import TOKENS

AT_ONCE = 2


class Works:
    """An application whose requests go on until `go`; `begun` and `waiting` count those that came so far."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.begun = 0
        self.waiting = 0
        settings = Settings(environment=Environment.TEST, service="works", requests_at_once=AT_ONCE)
        verifier = TOKENS.verifier()
        self.app = create_app(settings, [self._routes()], database=None, title="works", verifier=verifier)
        self.mounting = create_app(settings, [], database=None, title="mounting", verifier=verifier)
        self.mounting.mount("/mounted", self.app)

    @property
    def capacity(self) -> Capacity:
        found: Capacity = self.app.state.capacity
        return found

    def _routes(self) -> APIRouter:
        router = APIRouter()

        @router.get("/work")
        async def work() -> str:
            self.begun += 1
            await self.go.wait()
            return "done"

        @router.get("/broken")
        async def broken() -> None:
            raise RuntimeError

        @router.post("/told")
        async def told(what: Annotated[dict[str, Any], Body()]) -> int:
            return len(what)

        @router.get("/news")
        async def news(request: Request) -> str:
            self.waiting += 1
            with aside(request.scope):
                await self.go.wait()
            return "news"

        @router.get("/stream")
        async def stream() -> StreamingResponse:
            self.waiting += 1
            return StreamingResponse(self._pieces())

        return router

    async def _pieces(self) -> AsyncIterator[str]:
        await self.go.wait()
        yield "piece"


def asking(http: httpx2.AsyncClient, path: str, count: int) -> list[asyncio.Task[httpx2.Response]]:
    return [asyncio.create_task(http.get(path)) for _ in range(count)]


async def full(works: Works, http: httpx2.AsyncClient, path: str = "/work") -> list[asyncio.Task[httpx2.Response]]:
    """As many requests under way as there may be."""
    under_way = asking(http, path, AT_ONCE)
    await eventually(lambda: works.begun == AT_ONCE)
    return under_way


async def test_one_request_too_many_is_told_when_to_ask_again_and_the_others_are_answered() -> None:
    works = Works()
    async with client(works.app) as http:
        under_way = await full(works, http)
        refused = await asyncio.wait_for(http.get("/work"), timeout=20)
        problem(refused, 503, "overloaded")
        assert int(refused.headers["retry-after"]) > 0
        assert works.begun == AT_ONCE, "nothing was done for it"
        works.go.set()
        assert {(await each).status_code for each in under_way} == {200}
        assert (await http.get("/work")).status_code == 200
    assert works.capacity.under_way == 0


async def test_who_is_busy_is_alive_and_ready() -> None:
    works = Works()
    async with client(works.mounting) as http:
        under_way = await full(works, http, "/mounted/work")
        for path in ("/health/liveness", "/health/readiness", "/mounted/health/readiness"):
            assert (await http.get(path)).status_code == 200
        works.go.set()
        await asyncio.gather(*under_way)


async def test_under_a_prefix_a_request_counts_once_and_for_the_whole_process() -> None:
    works = Works()
    async with client(works.mounting) as http:
        under_way = await full(works, http, "/mounted/work")
        assert works.mounting.state.capacity.under_way == AT_ONCE
        assert works.capacity.under_way == 0
        problem(await http.get("/mounted/work"), 503, "overloaded")
        works.go.set()
        await asyncio.gather(*under_way)
    assert works.mounting.state.capacity.under_way == 0


async def test_a_request_that_fails_gives_its_place_back() -> None:
    works = Works()
    async with client(works.app) as http:
        for _ in range(2 * AT_ONCE):
            problem(await http.get("/broken"), 500, "internal")
    assert works.capacity.under_way == 0


async def test_who_waits_for_news_takes_nobodys_place() -> None:
    works = Works()
    async with client(works.app) as http:
        waiting = asking(http, "/news", 3 * AT_ONCE)
        await eventually(lambda: works.waiting == AT_ONCE * 3)
        assert works.capacity.under_way == 0
        under_way = await full(works, http)
        works.go.set()
        assert {(await each).status_code for each in (*waiting, *under_way)} == {200}
    assert works.capacity.under_way == 0


async def test_an_answer_that_has_begun_takes_nobodys_place() -> None:
    works = Works()
    async with client(works.app) as http:
        streams = asking(http, "/stream", 3 * AT_ONCE)
        await eventually(lambda: works.waiting == AT_ONCE * 3)
        await eventually(lambda: works.capacity.under_way == 0)
        works.go.set()
        assert {(await each).text for each in streams} == {"piece"}


async def test_a_body_that_comes_at_a_crawl_takes_nobodys_place() -> None:
    works = Works()
    sent = asyncio.Event()

    async def crawling() -> AsyncIterator[bytes]:
        yield b'{"a":'
        sent.set()
        await works.go.wait()
        yield b"1}"

    async with client(works.app) as http:
        slow = asyncio.create_task(_post_in_pieces(works.app, crawling()))
        await sent.wait()
        await eventually(lambda: works.capacity.under_way == 0)
        under_way = await full(works, http)
        works.go.set()
        await asyncio.gather(*under_way)
        assert await slow == 200
    assert works.capacity.under_way == 0


async def _post_in_pieces(app: FastAPI, pieces: AsyncIterator[bytes]) -> int:
    """The status of a POST whose body comes piece by piece, as from a socket."""
    status = 0

    async def receive() -> dict[str, Any]:
        async for piece in pieces:
            return {"type": "http.request", "body": piece, "more_body": True}
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        nonlocal status
        status = message.get("status", status)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "method": "POST",
        "path": "/told",
        "raw_path": b"/told",
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"throughgate.test"), (b"content-type", b"application/json")],
    }
    await app(scope, receive, send)
    return status
