"""Calls between services over a real socket: what is handed on, what comes back, and what a fault becomes."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from chassis import telemetry
from chassis.handed_on import forwarded
from chassis.http import create_app
from chassis.http_client import ServiceClient, UpstreamProblem, UpstreamUnavailable, fetch_json
from chassis.settings import Environment, Settings
from contracts.errors import Conflict
from tests.integration.chassis_http.serving import served
from tests.support.http import client, problem
from tests.support.tokens import TOKENS


class TakenElsewhere(Conflict):
    """Another has it."""

    code = "taken-elsewhere"


def peer() -> APIRouter:
    router = APIRouter()

    @router.get("/echo")
    async def echo(request: Request, q: str = "") -> dict[str, Any]:
        return {"headers": dict(request.headers), "q": q}

    @router.post("/conflict")
    async def conflict() -> None:
        raise TakenElsewhere

    @router.get("/fault")
    async def fault() -> None:
        raise RuntimeError

    @router.get("/slow")
    async def slow() -> None:
        await asyncio.sleep(1)

    @router.post("/lines")
    async def lines(request: Request) -> StreamingResponse:
        body = await request.body()

        async def doubled() -> AsyncIterator[bytes]:
            for line in body.splitlines():
                yield line + line + b"\n"

        return StreamingResponse(doubled(), media_type="application/x-ndjson")

    return router


@pytest.fixture(scope="module")
async def peer_url() -> AsyncIterator[str]:
    app = create_app(Settings(environment=Environment.TEST), [peer()], database=None, title="peer")
    async with served(app) as url:
        yield url


@pytest.fixture
async def service(peer_url: str) -> AsyncIterator[ServiceClient]:
    async with ServiceClient(peer_url) as service:
        yield service


async def test_the_token_the_trace_and_chosen_headers_go_on(service: ServiceClient) -> None:
    caller = {"idempotency-key": "k", "if-match": '"1"', "cookie": "no", "x-agency": "no", "accept-language": "no"}
    with telemetry.span("test"):
        traceparent = telemetry.current_traceparent()
        answer = await service.request(
            "GET", "/echo", token="t", params={"q": "a b", "none": None}, headers=forwarded(caller)
        )
    seen = answer.json()["headers"]
    assert answer.json()["q"] == "a b"
    assert seen["authorization"] == "Bearer t"
    assert seen["traceparent"] == traceparent
    assert (seen["idempotency-key"], seen["if-match"]) == ("k", '"1"')
    assert "cookie" not in seen
    assert "x-agency" not in seen


async def test_a_peers_problem_passes_through_a_gateway_unchanged(service: ServiceClient) -> None:
    gateway = APIRouter()

    @gateway.post("/through")
    async def through() -> None:
        await service.call("POST", "/conflict")

    @gateway.get("/fault")
    async def fault() -> None:
        await service.call("GET", "/fault")

    app = create_app(
        Settings(environment=Environment.TEST), [gateway], database=None, title="g", verifier=TOKENS.verifier()
    )
    async with client(app) as caller:
        body = problem(await caller.post("/through"), 409, "taken-elsewhere")
        assert body["detail"] == "Another has it."
        problem(await caller.get("/fault"), 503, "upstream-unavailable")


async def test_request_returns_a_refusal_and_call_raises_it(service: ServiceClient) -> None:
    assert (await service.request("POST", "/conflict")).status == 409
    with pytest.raises(UpstreamProblem) as refused:
        await service.call("POST", "/conflict")
    assert (refused.value.status, refused.value.code) == (409, "taken-elsewhere")


async def test_a_peer_that_is_not_there_or_too_slow_is_unavailable(service: ServiceClient) -> None:
    async with ServiceClient("http://127.0.0.1:9") as absent:
        with pytest.raises(UpstreamUnavailable) as refused:
            await absent.request("GET", "/echo")
    assert (refused.value.status, refused.value.code) == (503, "upstream-unavailable")
    with pytest.raises(UpstreamUnavailable):
        await service.request("GET", "/slow", timeout_s=0.05)


async def test_bodies_stream_both_ways(service: ServiceClient) -> None:
    async def content() -> AsyncIterator[bytes]:
        for number in range(1000):
            yield b"%d\n" % number

    async with service.stream("POST", "/lines", content=content()) as answer:
        assert answer.status == 200
        got = b"".join([piece async for piece in answer.pieces()])
    assert got.splitlines() == [b"%d%d" % (number, number) for number in range(1000)]


async def test_a_document_is_fetched_or_unavailable(peer_url: str) -> None:
    assert (await fetch_json(f"{peer_url}/info"))["service"] == "throughgate"
    with pytest.raises(UpstreamUnavailable):
        await fetch_json(f"{peer_url}/nowhere")
