"""aiokafka where it does not notice that it is cut off, or tells nobody: what it says then is an error of the broker.

Whoever made the client closes it and makes another, as after any error of the broker.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, conn
from aiokafka.errors import KafkaConnectionError, KafkaError

from chassis import logging

log = logging.get(__name__)

CLOSE_S = 15


class _Connection(conn.AIOKafkaConnection):  # type: ignore[misc]
    """The library's own, for which a connection that is gone is a broken one whenever it is written to.

    On uvloop whoever writes to it before its loss was told has a RuntimeError, which the library lets through (its
    issue 1038). What keeps a client's metadata ends of it unheard, and whoever waits for metadata waits for ever.
    """

    def send(self, request: object, expect_response: bool = True) -> object:
        try:
            return super().send(request, expect_response)
        except RuntimeError as error:
            self.close(reason=conn.CloseReason.CONNECTION_BROKEN)
            raise KafkaConnectionError(f"Connection at {self.host}:{self.port} broken: {error}") from error


conn.AIOKafkaConnection = _Connection


class Deaf(KafkaConnectionError):  # type: ignore[misc]
    """A task of the client's own has ended: it hears nothing any more, and would return nothing for ever."""


async def while_it_hears(client: AIOKafkaConsumer, work: Coroutine[Any, Any, None]) -> None:
    """Does the work of a consumer that has started, for as long as it fetches and knows its cluster. Raises Deaf."""
    working = asyncio.create_task(work)
    hearing = {client._client._sync_task, client._fetcher.error_future}
    try:
        await asyncio.wait({working, *hearing}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise Deaf
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
    await working


async def close(client: AIOKafkaConsumer | AIOKafkaProducer) -> None:
    """Closes a client whatever state its broker left it in, and what its own `stop()` does not come to.

    aiokafka's consumer lets the cancellation of a fetch of its own out of `stop()`. To our task that would look like
    its own cancellation, and it would end without anybody hearing of it.
    """
    inner = client.client if isinstance(client, AIOKafkaProducer) else client._client
    if inner._sync_task is not None and inner._sync_task.done():
        inner._sync_task = None  # else the library raises what it ended of, and closes no connection
    try:
        async with asyncio.timeout(CLOSE_S):
            await client.stop()
        return
    except asyncio.CancelledError:
        if (task := asyncio.current_task()) is not None and task.cancelling():
            raise
    except (KafkaError, OSError, TimeoutError) as error:
        log.warning("broker.close_failed", error=logging.describe(error))
    for left in _left_of(client):
        left.cancel()
    await inner.close()


def _left_of(client: AIOKafkaConsumer | AIOKafkaProducer) -> list["asyncio.Task[Any]"]:
    """The tasks of a consumer that may have outlived its `stop()`: it would go on fetching, and be of its group."""
    if isinstance(client, AIOKafkaProducer) or client._fetcher is None:
        return []
    names = ("_coordination_task", "_heartbeat_task", "_commit_refresh_task")
    grouped = [getattr(client._coordinator, name, None) for name in names]
    return [task for task in (client._fetcher.error_future, *client._fetcher._pending_tasks, *grouped) if task]
