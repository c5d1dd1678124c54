"""Every command of docs/runbook.md is run as it stands, against a stack in the state that its section is about."""

import asyncio
import json
import os
import re
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx2
import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from chassis.clock import now
from chassis.db import Database
from chassis.http_client import ServiceClient
from chassis.ids import new_id
from chassis.settings import Settings
from chassis.stream import Message, keep_waiting
from contracts.envelope import Envelope
from contracts.registry import EVENTS
from contracts.topics import Topic
from tests.faults.processes import Processes
from tests.support.eventually import eventually
from tests.support.settled import owner_urls, settled
from tests.support.sharelog import MadeLog
from tests.support.stack import RunningStack, throughgate_up
from tests.support.topics import plant
from tests.system.world import NORTHGATE, PROBATION, World
from throughgate.local.datadir import DataDir
from throughgate.local.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
_SECTION = re.compile(r"^## (?P<title>.+)\n<!-- state: (?P<state>\w+) -->\n(?P<body>(?:(?!^## ).*\n?)*)", re.MULTILINE)
_BLOCK = re.compile(r"<!-- run(?: expect: (?P<expect>.+?))? -->\n```sh\n(?P<script>.*?)```", re.DOTALL)
_METRIC = re.compile(r"\b(throughgate_[a-z_]+|process_[a-z_]+_seconds)\b")
_LOGGED = re.compile(r"`([a-z]+\.[a-z_-]+)`")
ROOM_MB, BALLAST_MB = 1500, 64
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


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, bool]]:
    """A folder for a stack; as root a file system of its own, which can be filled. Logs stand elsewhere."""
    folder = Path(tempfile.mkdtemp(prefix="throughgate-stack-"))
    mounting = ["mount", "-t", "tmpfs", "-o", f"size={ROOM_MB}m", "none", str(folder)]
    is_cramped = os.geteuid() == 0 and subprocess.run(mounting, capture_output=True, check=False).returncode == 0
    (folder / "data").mkdir(mode=0o700)
    (folder / "data" / "logs").symlink_to(tmp_path_factory.mktemp("logs"))
    yield folder / "data", is_cramped
    if is_cramped:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
    with suppress(OSError):
        folder.rmdir()


@pytest.fixture(scope="module")
async def scene(place: tuple[Path, bool]) -> AsyncIterator[Scene]:
    data_dir, is_cramped = place
    process = throughgate_up(free_port(), data_dir, environment={"THROUGHGATE_REQUESTS_AT_ONCE": str(AT_ONCE)})
    try:
        stack = RunningStack(process.wait_for("ready", within=240)["url"], data_dir, process)
        async with ServiceClient(stack.url, timeout_s=60) as http:
            yield Scene(stack, World(stack, http), is_cramped)
    finally:
        process.stop()


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
        pytest.skip("a file system that can be filled needs root")
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


def _sections() -> dict[str, str]:
    return {found["state"]: found["body"] for found in _SECTION.finditer(RUNBOOK)}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("state", STATES)
async def test_the_commands_of_a_section_help_in_its_state(scene: Scene, state: str) -> None:
    setting_up = _BLOCK.search(RUNBOOK)
    assert setting_up is not None
    blocks = list(_BLOCK.finditer(_sections()[state]))
    assert blocks
    async with STATES[state](scene):
        for block in blocks:
            script = f"set -euo pipefail\n{setting_up['script']}\n{block['script']}"
            await asyncio.to_thread(_run, scene.stack, script, block["expect"] or "")
    await settled(scene.stack)
    person, day = await scene.world.person(), now().date() + timedelta(days=40)
    await scene.world.push(person, day)
    await scene.world.supervise(person)
    await scene.world.sees(PROBATION, person, day)


def _run(stack: RunningStack, script: str, expect: str) -> None:
    """The script, and again for a while until it says what is expected: news and numbers take a moment."""
    deadline = time.monotonic() + WITHIN
    environment = {**os.environ, "URL": stack.url, "DATA": str(stack.data_dir)}
    while True:
        command = ["bash", "-c", script]
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        if done.returncode == 0 and expect in done.stdout.replace('": "', '":"').replace('": ', '":'):
            return
        assert time.monotonic() < deadline, f"{script}\n{done.stdout}\n{done.stderr}\n{stack.process.tail()}"
        time.sleep(0.5)


async def test_nothing_is_over_where_no_process_answers(scene: Scene, tmp_path: Path) -> None:
    """What says that it is over fails where there is nobody to ask, and does not take silence for good news."""
    said = json.loads((scene.stack.data_dir / "stack.json").read_text())
    said["metrics"] = {name: f"http://127.0.0.1:{free_port()}/metrics" for name in said["metrics"]}
    (tmp_path / "stack.json").write_text(json.dumps(said))
    setting_up = _BLOCK.search(RUNBOOK)
    over = [block["script"] for block in _BLOCK.finditer(_sections()["broker"]) if "for process in" in block["script"]]
    assert setting_up is not None
    assert len(over) == 2
    for script in over:
        command = ["bash", "-c", f"set -euo pipefail\n{setting_up['script']}\n{script}"]
        environment = {**os.environ, "URL": scene.stack.url, "DATA": str(tmp_path)}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode != 0, done.stdout
        assert "Failed to connect" in done.stderr or "refused" in done.stderr, done.stderr


async def test_what_the_runbook_names_is_there(scene: Scene) -> None:
    """Every metric that is named is told by some process, every line that is named is written by some module."""
    told: set[str] = set()
    for address in DataDir.at(scene.stack.data_dir).read_stack().metrics.values():
        async with httpx2.AsyncClient(trust_env=False) as http:
            answer = (await http.get(address, timeout=30)).text
        for family in text_string_to_metric_families(answer):
            told |= {family.name, *(sample.name for sample in family.samples)}
            told |= {f"{family.name}_total"} if family.type == "counter" else set()
    named = {name for name in _METRIC.findall(RUNBOOK) if not name.endswith("_")}
    assert len(named) > 8
    assert named <= told
    written = "".join(
        path.read_text(encoding="utf-8")
        for folder in ("chassis", "services", "throughgate")
        for path in (ROOT / folder).rglob("*.py")
    )
    lines = set(_LOGGED.findall(RUNBOOK)) | set(re.findall(r'event="([a-z]+\.[a-z_-]+)"', RUNBOOK))
    assert len(lines) > 5
    assert {line for line in lines if f'"{line}"' not in written} == set()


def test_every_section_has_its_state_and_every_command_is_run() -> None:
    assert set(_sections()) == set(STATES)
    assert RUNBOOK.count("```sh") == len(_BLOCK.findall(RUNBOOK))
    assert len(re.findall(r"^## (.+)$", RUNBOOK, re.MULTILINE)) == len(STATES), "a section without a state"
