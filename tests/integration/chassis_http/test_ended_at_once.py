"""A peer that ends a connection while it is made: nobody was reached, whatever the library says of it.

On uvloop, as services run; what happens to a connection between two turns of the loop is told to it in one.
"""

import asyncio
import socket
import struct
import threading
import time
from collections.abc import Iterator

import pytest
import uvloop

from chassis.http_client import ServiceClient, UpstreamUnavailable

CALLS, AT_ONCE = 20, 10
RESET = struct.pack("ii", 1, 0)


@pytest.fixture
def resetting() -> Iterator[str]:
    """The address of a server that resets each connection as soon as it has it."""

    def serve() -> None:
        while True:
            try:
                taken, _ = listener.accept()
            except OSError:
                return
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            taken.close()

    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    serving = threading.Thread(target=serve)
    serving.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    serving.join()


async def _refused(url: str) -> int:
    """How many of the calls were `upstream-unavailable`. Raises what another raised."""

    async def busy() -> None:
        while True:
            time.sleep(0.003)  # noqa: ASYNC251 - the loop is busy with others
            await asyncio.sleep(0)

    async def call() -> int:
        for _ in range(CALLS):
            with pytest.raises(UpstreamUnavailable):
                await service.request("GET", "/")
        return CALLS

    others = asyncio.create_task(busy())
    try:
        async with ServiceClient(url) as service:
            return sum(await asyncio.gather(*(call() for _ in range(AT_ONCE))))
    finally:
        others.cancel()


async def test_who_ends_a_connection_while_it_is_made_was_not_reached(resetting: str) -> None:
    assert await asyncio.to_thread(uvloop.run, _refused(resetting)) == CALLS * AT_ONCE
