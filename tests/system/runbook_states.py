"""The states that the sections of docs/runbook.md are about: each is made, lasts while its block does, and is over."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx2
import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text

from chassis.clock import now
from chassis.db import Database
from chassis.ids import new_id
from chassis.settings import Settings
from chassis.stream import Message, keep_waiting
from contracts.envelope import Envelope
from contracts.registry import EVENTS
from contracts.topics import Topic
from tests.faults.processes import Processes
from tests.support.eventually import eventually
from tests.support.missing import missing
from tests.support.settled import owner_urls, settled
from tests.support.sharelog import MadeLog
from tests.support.stack import RunningStack
from tests.support.topics import plant
from tests.system.world import NORTHGATE, World

BALLAST_MB = 64
WITHIN = 120.0
AT_ONCE = 20
"""What each process of the scene works on at once."""


@dataclass(frozen=True)
class Scene:
    stack: RunningStack
    world: World
    cramped: bool
    """Whether the data folder is a small file system of its own."""

    @property
    def settings(self) -> Settings:
        return self.stack.broker


@asynccontextmanager
async def parked(scene: Scene) -> AsyncIterator[None]:
    """Somebody wrote on a topic what nobody can take."""
    type_ = next(name for name, event in EVENTS.items() if event.TOPIC is Topic.OFFERS)
    await plant(scene.settings, {Topic.OFFERS: (type_, b'{"nonsense": 1}')})
    yield


@asynccontextmanager
async def gap(scene: Scene) -> AsyncIterator[None]:
    """The last but one message of a stream did not come, five minutes ago."""
    person = await scene.world.person()
    for _ in range(3):
        await scene.world.view(NORTHGATE, person)
    await settled(scene.stack)
    urls = owner_urls(scene.stack)
    gateway, audit = Database(urls["gateway"], pool_size=1), Database(urls["audit"], pool_size=1)
    async with gateway.session() as session:
        query = "SELECT * FROM outbox WHERE topic = 'access-events' AND key = :key ORDER BY version DESC LIMIT 1"
        row = (await session.execute(text(query), {"key": NORTHGATE})).one()
    assert row.version >= 3
    envelope = Envelope(row.event_id, "gateway", row.type, row.key, row.time, row.version)
    async with audit.transaction() as session:
        back = "UPDATE stream_position SET version = :v WHERE topic = 'access-events' AND key = :key"
        await session.execute(text(back), {"v": row.version - 2, "key": row.key})
        message = Message(row.topic, row.key, envelope, bytes(row.body))
        await keep_waiting(session, [message], now=now() - timedelta(minutes=5))
    await gateway.close()
    await audit.close()
    yield


@asynccontextmanager
async def lag(scene: Scene) -> AsyncIterator[None]:
    """Somebody keeps a lock on consent's offers, and news comes."""
    holder = psycopg.connect(owner_urls(scene.stack)["consent"])
    try:
        holder.execute("LOCK TABLE offer IN ACCESS EXCLUSIVE MODE")
        person = await scene.world.person()
        for days in (30, 31, 32):
            await scene.world.push(person, now().date() + timedelta(days=days))
        yield
    finally:
        holder.close()


@asynccontextmanager
async def disk(scene: Scene) -> AsyncIterator[None]:
    """There is room for nothing more, and a command was refused for it."""
    if not scene.cramped:
        missing("a file system that can be filled needs root")
    folder = scene.stack.data_dir
    _take(folder / "ballast", BALLAST_MB * 1024 * 1024)
    _fill(folder / "filler")
    desk = scene.world.desk(NORTHGATE)

    async def refused() -> bool:
        body = {"name": {"family": "Ordinary" * 8, "given": "Robin"}, "date_of_birth": "1990-02-03"}
        statuses = set()
        for number in range(20):
            answer = await desk.call("PUT", f"/people/noms:R{number:04d}UN", {**body, "languages": [new_id()] * 20})
            statuses.add(answer.status)
        assert statuses <= {200, 201, 503}, statuses
        return 503 in statuses

    await eventually(refused, within=WITHIN)
    yield
    (folder / "filler").unlink()


@asynccontextmanager
async def broker(scene: Scene) -> AsyncIterator[None]:
    """The broker died and came back with nothing in it."""
    await Processes(scene.stack, scene.stack.data_dir / "no-point").kill("broker")
    await scene.world.person()
    yield


@asynccontextmanager
async def doubted(scene: Scene) -> AsyncIterator[None]:
    """Somebody wrote on the log's topic, with a key of their own."""
    made = MadeLog(name="throughgate.development/share-log", private=Ed25519PrivateKey.generate())
    batch = made.batch(made.share(new_id(), content={"release_date": "2031-03-04"}))
    await plant(scene.settings, {Topic.SHARE_LOG: (batch.TYPE, batch.model_dump_json().encode())})
    yield


@asynccontextmanager
async def overload(scene: Scene) -> AsyncIterator[None]:
    """More at once than a process works on: so many more that no machine is too slow to send them in time."""
    token = {"authorization": f"Bearer {scene.stack.token(NORTHGATE)}"}
    unbounded = httpx2.Limits(max_connections=None)
    async with httpx2.AsyncClient(base_url=scene.stack.url, limits=unbounded, timeout=60, trust_env=False) as http:

        async def refused() -> bool:
            answers = await asyncio.gather(*(http.get("/prison/v1/me", headers=token) for _ in range(10 * AT_ONCE)))
            assert {answer.status_code for answer in answers} <= {200, 503}
            told = [answer for answer in answers if answer.status_code == 503]
            assert all("retry-after" in answer.headers for answer in told)
            return any(answer.json()["code"] == "overloaded" for answer in told)

        await eventually(refused, within=WITHIN)
    yield


@asynccontextmanager
async def restarts(scene: Scene) -> AsyncIterator[None]:
    """A process was killed, and again as soon as it was back."""
    for _ in range(2):
        await Processes(scene.stack, scene.stack.data_dir / "no-point").kill("consent")
    yield


STATES: dict[str, Callable[[Scene], AbstractAsyncContextManager[None]]] = {
    each.__name__: each for each in (parked, gap, lag, doubted, overload, restarts, broker, disk)
}


def _take(path: Path, size: int) -> None:
    with path.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, size)


def _fill(path: Path) -> None:
    """A file that takes all there is, in ever smaller bites: others write meanwhile."""
    with path.open("ab") as file:
        for bite in (64 << 20, 1 << 20, 4 << 10):
            with suppress(OSError):
                while True:
                    end = file.seek(0, os.SEEK_END)
                    os.posix_fallocate(file.fileno(), end, bite)
