"""A caller's headers go on as they are, or are refused at the door where HTTP itself could not carry them."""

from typing import Any

import httpx2
import pytest
from fastapi import APIRouter, FastAPI, Request

from chassis.handed_on import FORWARDED, forwarded
from chassis.http import create_app
from chassis.http_client import ServiceClient
from chassis.settings import Environment, Settings
from tests.support.http import client, problem
from tests.support.tokens import TOKENS

SETTINGS = Settings(environment=Environment.TEST)


def owner() -> FastAPI:
    router = APIRouter()

    @router.get("/echo")
    async def echo(request: Request) -> dict[str, Any]:
        return dict(request.headers)

    return create_app(SETTINGS, [router], database=None, title="owner", verifier=TOKENS.verifier())


def gateway() -> FastAPI:
    router = APIRouter()
    transport = httpx2.ASGITransport(owner())

    @router.get("/through")
    async def through(request: Request) -> Any:
        async with ServiceClient("http://owner.test", transport=transport) as service:
            return (await service.call("GET", "/echo", headers=forwarded(request.headers))).json()

    return create_app(SETTINGS, [router], database=None, title="gateway", verifier=TOKENS.verifier())


async def through(*headers: tuple[bytes, bytes]) -> httpx2.Response:
    async with client(gateway()) as caller:
        return await caller.get("/through", headers=list(headers))


@pytest.mark.parametrize("name", FORWARDED)
@pytest.mark.parametrize("value", [b'"caf\xe9"', b'"\xc3\xa9"', b'"\x7f"'])
async def test_a_header_that_cannot_go_on_is_refused_by_its_name_alone(name: str, value: bytes) -> None:
    answer = await through((name.encode(), value))
    said = problem(answer, 400, "malformed")
    assert said["errors"][0]["header"] == name
    assert "caf" not in answer.text
    assert "\xe9" not in answer.text


async def test_what_http_can_carry_goes_on() -> None:
    sent = b'W/"1",\t"~!"'
    assert (await through((b"if-none-match", sent))).json()["if-none-match"] == sent.decode()


async def test_a_header_that_stays_here_may_hold_anything() -> None:
    seen = (await through((b"x-note", b"caf\xe9"), (b"prefer", b"return=minimal"))).json()
    assert (seen.get("x-note"), seen["prefer"]) == (None, "return=minimal")
