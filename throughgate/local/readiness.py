"""Asking a process on loopback whether it is ready, cheaply enough to ask many times a second."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from throughgate.local.ports import LOOPBACK

_ANSWER_S = 3.0


def http_readiness(service: str, port: int) -> Callable[[], Awaitable[bool]]:
    """A probe that is true when `/health/readiness` on that port answers 200, and it is this service that answers."""
    signed = f'"service":"{service}"'.encode()

    async def ask() -> bool:
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(_ANSWER_S):
                status, _, rest = (await _answer(port)).partition(b"\r\n")
                return b" 200 " in status and signed in rest
        return False

    return ask


async def at_once() -> bool:
    """The probe of a process that answers nobody: it is ready as soon as it runs."""
    return True


async def _answer(port: int) -> bytes:
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    try:
        writer.write(b"GET /health/readiness HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        await writer.drain()
        return await reader.read()
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
