"""A disk that fills while prisons push dates: what is answered is kept and sent once, what is refused says not now."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx2
import psycopg
import pytest
from sqlalchemy import text

from chassis.consumer import Consumer, Received, dispatch
from chassis.db import AsyncSession, Database
from chassis.migrations import migrate
from chassis.relay import Relay
from chassis.settings import Settings
from contracts.release import ReleaseDateChangedV1
from contracts.topics import Topic
from release_notify.handlers import apply
from release_notify.main import create
from tests.faults.pushing import Pushing
from tests.faults.test_disk_full import fill, small_disk
from tests.integration.chassis.conftest import running
from tests.integration.release_notify.conftest import World
from tests.support.eventually import eventually
from tests.support.http import client, problem
from tests.support.postgres import PASSWORD, running_postgres
from tests.support.tokens import TOKENS
from throughgate.local.databases import DATABASES, ensure_database, ensure_roles, url_for

__all__ = ["small_disk"]

PEOPLE = 4
EACH = 4
"""Dates of each person before the disk is full, and after."""
REFUSED = 12
LEFT = 64 * 1024
_HEARD = "INSERT INTO applied (topic, key, version) VALUES (:day, :person, :version)"


@pytest.fixture
async def cramped(small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Database, str]]:
    """Release-notify's database in a PostgreSQL whose disk is `small_disk`, and the superuser's URL."""
    kind = DATABASES["release_notify"]
    monkeypatch.setattr("tempfile.tempdir", str(small_disk))
    with running_postgres() as server:
        monkeypatch.undo()
        ensure_roles(server.admin_url, dict.fromkeys(kind.roles, PASSWORD))
        ensure_database(server.admin_url, kind, name="release_notify")
        urls = [
            url_for(server.admin_url, role=role, password=PASSWORD, database="release_notify")
            for role in (kind.owner, kind.logins[0])
        ]
        migrate(urls[0], kind.package)
        opened = Database(urls[1])
        yield opened, server.admin_url
        await opened.close()


async def _hear(session: AsyncSession, received: Received[ReleaseDateChangedV1]) -> None:
    data = received.data
    await session.execute(text(_HEARD), {"day": str(data.new_date), "person": data.person_id, "version": data.version})


async def _heard(elsewhere: Database) -> dict[str, list[tuple[str, int]]]:
    """What who listens was told, by person, in order."""
    async with elsewhere.session() as session:
        found: dict[str, list[tuple[str, int]]] = {}
        for key, day, version in await session.execute(text("SELECT key, topic, version FROM applied ORDER BY at")):
            found.setdefault(key, []).append((day, version))
        return found


async def test_dates_that_are_pushed_while_the_disk_fills(
    settings: Settings, database: Database, cramped: tuple[Database, str], small_disk: Path
) -> None:
    full, admin_url = cramped
    told = settings.model_copy(update={"service": "release-notify"})
    relay = Relay(full, told, topics=(Topic.RELEASE_EVENTS, Topic.OFFERS))
    listener = Consumer(
        database,
        settings,
        group="listener",
        topics=[Topic.RELEASE_EVENTS],
        apply=dispatch({ReleaseDateChangedV1: _hear}),
    )
    own = Consumer(full, told, group="release-notify", topics=(Topic.CASELOAD_EVENTS,), apply=apply)
    async with client(create(told, full, verifier=TOKENS.verifier())) as http:
        pushing = Pushing(World(http, full, own))
        people = [await pushing.world.held() for _ in range(PEOPLE)]
        stop = asyncio.Event()
        async with running(relay.run, listener.run), asyncio.TaskGroup() as group:
            for person in people:
                group.create_task(pushing.run(person, stop.is_set))
            await _fill_and_make_room(pushing, small_disk, admin_url)
            stop.set()
        async with running(relay.run, listener.run):
            await eventually(_all_heard(pushing, database), within=60, every=0.1)
        history = {person: await _kept(pushing.world, person) for person in people}
    for person in people:
        assert history[person] == pushing.acknowledged[person]
    for answer in pushing.refused:
        _says_nothing(answer, people)
    print(f"\n{len(pushing.refused)} refused, {sum(map(len, pushing.acknowledged.values()))} answered")


async def _fill_and_make_room(pushing: Pushing, disk: Path, admin_url: str) -> None:
    await eventually(lambda: pushing.least() >= EACH, within=60)
    assert pushing.refused == []
    with psycopg.connect(admin_url, autocommit=True) as admin:  # a log that has room: without it the server ends
        admin.execute("SELECT pg_switch_wal()")
        admin.execute("CHECKPOINT")
    ballast = fill(disk, left=LEFT)
    try:
        await eventually(lambda: len(pushing.refused) >= REFUSED, within=60)
    finally:
        ballast.unlink()
    least = pushing.least()
    await eventually(lambda: pushing.least() >= least + EACH, within=60)


def _all_heard(pushing: Pushing, elsewhere: Database) -> Callable[[], object]:
    async def so() -> bool:
        assert await _heard(elsewhere) == pushing.acknowledged
        return True

    return so


async def _kept(world: World, person: str) -> list[tuple[str, int]]:
    """What release-notify has kept of a person's dates, the first one first."""
    kept: list[tuple[str, int]] = []
    cursor = None
    while True:
        answer = await world.get(f"/people/{person}/release/history" + (f"?cursor={cursor}" if cursor else ""))
        page = answer.json()
        kept += [(each["new_date"], each["version"]) for each in page["items"]]
        cursor = page["next"]
        if cursor is None:
            return kept[::-1]


def _says_nothing(answer: httpx2.Response, people: list[str]) -> None:
    """Not now, when to ask again, and no word of what is full or of whom it was about."""
    said = problem(answer, 503, "unavailable")
    assert int(answer.headers["retry-after"]) > 0
    text_of_it = str(said).lower()
    assert not [word for word in ("disk", "space", "insert", "relation", "base/", *people) if word in text_of_it], said
