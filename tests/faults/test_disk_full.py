"""A full disk under PostgreSQL: commands are refused, nothing is half done, and with room again all goes on."""

import os
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, pool, text
from sqlalchemy.exc import DBAPIError

from chassis.consumer import Consumer, dispatch
from chassis.db import Database, is_passing
from chassis.outbox import emit_all
from chassis.relay import Relay
from chassis.settings import Settings
from chassis.tables import ChassisTable
from contracts.caseload import MappaChangedV1
from contracts.topics import Topic
from tests.integration.chassis.conftest import running
from tests.integration.chassis.made_up import NOW, applied, keep, mappa
from tests.support.eventually import eventually
from tests.support.missing import missing
from tests.support.postgres import running_postgres

SIZE = "200m"
LEFT = 2 * 1024 * 1024
PERSONS = [f"person-{number}" for number in range(10)]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own that can be filled; needs root, which CI is."""
    if os.geteuid() != 0:
        missing("a file system that can be filled needs root")
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "none", str(place)], capture_output=True, text=True, check=False
    )
    if mounted.returncode != 0:
        missing(f"no tmpfs here: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.fixture
async def cramped(small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Database]:
    """The chassis' tables in a PostgreSQL whose disk is `small_disk`."""
    monkeypatch.setattr(tempfile, "tempdir", str(small_disk))
    with running_postgres() as server:
        engine = create_engine(
            server.admin_url.replace("postgresql://", "postgresql+psycopg://"), poolclass=pool.NullPool
        )
        ChassisTable.metadata.create_all(engine)
        engine.dispose()
        with psycopg.connect(server.admin_url, autocommit=True) as admin:
            admin.execute("CREATE TABLE applied (topic text, key text, version int, at timestamptz DEFAULT now())")
            admin.execute("CREATE TABLE bulky (number int, body text)")
        opened = Database(server.admin_url)
        yield opened
        await opened.close()


async def test_a_full_disk_refuses_and_loses_nothing(cramped: Database, small_disk: Path, settings: Settings) -> None:
    relay = Relay(cramped, settings, topics=[Topic.CASELOAD_EVENTS])
    handlers = dispatch({MappaChangedV1: keep})
    consumer = Consumer(cramped, settings, group="test", topics=[Topic.CASELOAD_EVENTS], apply=handlers)
    done = 0

    async def command(*, bulky: int) -> None:
        async with cramped.transaction() as session:
            await session.execute(
                text("INSERT INTO bulky SELECT n, repeat(md5(random()::text || n), 40) FROM generate_series(1, :n) n"),
                {"n": bulky},
            )
            await emit_all(session, [mappa(person) for person in PERSONS], now=NOW)

    async def everything() -> bool:
        found = await applied(cramped)
        assert found == {person: list(range(1, done + 1)) for person in PERSONS}
        return True

    async with running(relay.run, consumer.run):
        await command(bulky=1)
        done += 1
        await eventually(everything, within=40)
        async with cramped.connection() as admin:
            await admin.execute("SELECT pg_switch_wal()")
            await admin.execute("CHECKPOINT")
        refused = fill(small_disk)
        with pytest.raises(DBAPIError) as caught:
            await command(bulky=5000)
        assert is_passing(caught.value), "a full disk is told as not now"
        refused.unlink()
        await command(bulky=1)
        done += 1
        await eventually(everything, within=60)


def fill(disk: Path, *, left: int = LEFT) -> Path:
    """A file that leaves so many bytes of the disk."""
    state = os.statvfs(disk)
    ballast = disk / "ballast"
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, state.f_bavail * state.f_frsize - left)
    return ballast
