"""A client that reads nothing does not keep its answer, and what was made ready for it, for ever."""

import asyncio
import itertools
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from chassis import service
from chassis.http import create_app
from chassis.settings import Environment, Settings
from tests.support.eventually import eventually
from tests.support.missing import missing
from tests.support.tokens import TOKENS
from throughgate.local.ports import free_port

PIECE = b"x" * 16_384
if not hasattr(socket, "TCP_USER_TIMEOUT"):
    missing("this kernel keeps every connection")


class Endless:
    """An application that answers with pieces without end; `made` of them so far, in `open` answers."""

    def __init__(self) -> None:
        self.made = 0
        self.open = 0
        self.settings = Settings(environment=Environment.TEST, service="endless", http_port=free_port())
        router = APIRouter()

        @router.get("/endless")
        async def endless() -> StreamingResponse:
            return StreamingResponse(self._pieces())

        self.app = create_app(self.settings, [router], database=None, title="endless", verifier=TOKENS.verifier())

    async def _pieces(self) -> AsyncIterator[bytes]:
        self.open += 1
        try:
            for _ in itertools.count():
                yield PIECE
                self.made += 1
                await asyncio.sleep(0)
        finally:
            self.open -= 1

    @asynccontextmanager
    async def served(self) -> AsyncIterator[None]:
        stop = asyncio.Event()
        serving = asyncio.create_task(service._serve(self.app, self.settings, stop, port=self.settings.http_port))
        try:
            await eventually(lambda: _listens(self.settings.http_port))
            yield
        finally:
            stop.set()
            await serving


def _listens(port: int) -> bool:
    with socket.socket() as knocking:
        return knocking.connect_ex(("127.0.0.1", port)) == 0


async def _asked(port: int) -> socket.socket:
    """A connection on which `/endless` was asked for, and on which nothing is read."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(client, ("127.0.0.1", port))
    await loop.sock_sendall(client, b"GET /endless HTTP/1.1\r\nHost: throughgate.test\r\n\r\n")
    return client


def _read_to_the_end(client: socket.socket) -> None:
    while client.recv(65_536):
        pass


async def test_an_answer_that_nobody_reads_is_made_no_further_and_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "UNREAD_MS", 1000)
    endless = Endless()
    async with endless.served():
        with await _asked(endless.settings.http_port) as client:
            await eventually(lambda: endless.made)
            await eventually(lambda: not endless.open, within=60)
            assert endless.made * len(PIECE) < 16 * 1024 * 1024, "more was made than sockets hold"
            client.setblocking(True)
            with pytest.raises(OSError, match=r"timed out|reset"):
                _read_to_the_end(client)
