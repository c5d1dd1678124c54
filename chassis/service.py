"""One process of a service: its HTTP server, relay, consumers and timers, started and stopped together.

Stopping is in order: no new requests, those under way finish, consumers finish their batch, the relay sends what is
written, connections close. A part that dies takes the process with it, and the supervisor starts it again.
"""

import asyncio
import contextlib
import gc
import signal
import socket
from collections.abc import Coroutine, Sequence
from typing import Any, Literal, Protocol

import uvicorn
import uvloop
from aiokafka.errors import KafkaError
from fastapi import FastAPI
from starlette.types import ASGIApp

from chassis import broker, clock, crash, logging, metrics, telemetry
from chassis.consumer import Consumer
from chassis.db import Database
from chassis.relay import Relay
from chassis.settings import Settings
from chassis.timer import Timer

log = logging.get(__name__)

GRACE_S = 20.0
BACKLOG = 2048
UNREAD_MS = 60_000
"""How long a peer may leave what was sent to it unread, or be silently gone; then its connection ends."""


class NotReady(Exception):
    """These parts do not work yet."""


def main(process: Coroutine[Any, Any, None]) -> None:
    """Runs a composition root to its end on uvloop."""
    uvloop.run(process)


class PartEnded(Exception):
    """A part of the process ended although nobody told it to. Half a process helps nobody: it ends as a whole."""


class Part(Protocol):
    """Other work of a process: a consumer and a timer are such too."""

    async def run(self, stop: asyncio.Event) -> None:
        """Works until `stop` is set, then finishes what is under way."""


async def run(
    settings: Settings,
    *,
    database: Database,
    app: FastAPI | None = None,
    relay: Relay | None = None,
    consumers: Sequence[Consumer] = (),
    timers: Sequence[Timer] = (),
    others: Sequence[Part] = (),
) -> None:
    """Runs until SIGTERM or SIGINT, then stops cleanly. Raises what made a part die."""
    telemetry.configure(settings)
    crash.configure(settings)
    clock.configure(settings)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    if relay or consumers:
        await _topics(settings, stop)
    # What was loaded until now stays: each look through it for garbage would stop everybody for a quarter of a second.
    gc.freeze()
    log.info("service.started")
    try:
        async with asyncio.TaskGroup() as parts:
            working = [
                *(parts.create_task(_part(consumer.run(stop), stop)) for consumer in consumers),
                *(parts.create_task(_part(timer.run(stop), stop)) for timer in timers),
                *(parts.create_task(_part(other.run(stop), stop)) for other in others),
            ]
            sending = parts.create_task(_part(_after(working, stop, relay), stop)) if relay else None
            if app is not None:
                _add_readiness(app, relay, consumers)
                parts.create_task(_serve(app, settings, stop, port=settings.http_port))
            if settings.metrics_port:
                telling = metrics.application(database, relay=relay, consumers=consumers)
                parts.create_task(_serve(telling, settings, stop, port=settings.metrics_port, lifespan="off"))
            await stop.wait()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(GRACE_S):
                    await asyncio.gather(*working, *([sending] if sending else []))
    finally:
        await database.close()
        telemetry.shutdown()
        log.info("service.stopped")


async def _part(work: Coroutine[Any, Any, None], stop: asyncio.Event) -> None:
    """The work, which ends only when told to. A task group would take a stray cancellation for an orderly end."""
    try:
        await work
    except asyncio.CancelledError as error:
        if (task := asyncio.current_task()) is not None and task.cancelling():
            raise
        raise PartEnded from error
    if not stop.is_set():
        raise PartEnded


async def _topics(settings: Settings, stop: asyncio.Event) -> None:
    while not stop.is_set():
        try:
            await broker.ensure_topics(settings)
            return
        except (OSError, TimeoutError, KafkaError) as error:
            log.warning("service.waits_for_broker", error=logging.describe(error))
            await asyncio.sleep(0.5)


async def _after(working: Sequence[asyncio.Task[None]], stop: asyncio.Event, relay: Relay) -> None:
    """The relay stops last, so that what the others wrote while stopping is sent."""
    last = asyncio.Event()
    sending = asyncio.create_task(relay.run(last))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({sending, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not sending.done():
            await asyncio.wait(working, timeout=GRACE_S / 2) if working else None
        last.set()
        await sending
    finally:
        stopping.cancel()
        sending.cancel()


class _Server(uvicorn.Server):
    """uvicorn without signal handlers of its own: the process has one."""

    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        yield


async def _serve(
    app: ASGIApp, settings: Settings, stop: asyncio.Event, *, port: int, lifespan: Literal["auto", "off"] = "auto"
) -> None:
    config = uvicorn.Config(
        app,
        lifespan=lifespan,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=10,
        timeout_keep_alive=30,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve([_listener(settings.http_host, port)]))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if serving.done() and not stop.is_set():
            raise RuntimeError("the HTTP server ended by itself")
        server.should_exit = True
        await serving
    finally:
        stopping.cancel()


def _listener(host: str, port: int) -> socket.socket:
    """Listens there, for connections that the kernel ends when their peer reads nothing any more.

    Nothing else would: an answer waits for its reader for ever, and a closed connection until all of it is read.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_MS)
    return listener


def _add_readiness(app: FastAPI, relay: Relay | None, consumers: Sequence[Consumer]) -> None:
    """`/health/readiness` also asks whether the relay sends and every consumer consumes."""

    async def parts_work() -> None:
        parts = [("relay", relay), *((consumer.group, consumer) for consumer in consumers)]
        if waiting := [name for name, part in parts if part is not None and not part.ready]:
            raise NotReady(", ".join(waiting))

    app.state.checks = (*app.state.checks, parts_work)
