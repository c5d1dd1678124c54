"""Every command of docs/runbook.md is run as it stands, against a stack in the state that its section is about."""

import asyncio
import json
import os
import re
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from chassis.clock import now
from chassis.http_client import ServiceClient
from tests.support.settled import settled
from tests.support.stack import RunningStack, throughgate_up
from tests.system.runbook_states import AT_ONCE, STATES, WITHIN, Scene
from tests.system.world import PROBATION, World
from throughgate.local.datadir import DataDir
from throughgate.local.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
_SECTION = re.compile(r"^## (?P<title>.+)\n<!-- state: (?P<state>\w+) -->\n(?P<body>(?:(?!^## ).*\n?)*)", re.MULTILINE)
_BLOCK = re.compile(r"<!-- run(?: expect: (?P<expect>.+?))? -->\n```sh\n(?P<script>.*?)```", re.DOTALL)
_METRIC = re.compile(r"\b(throughgate_[a-z_]+|process_[a-z_]+_seconds)\b")
_LOGGED = re.compile(r"`([a-z]+\.[a-z_-]+)`")
ROOM_MB = 1500


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
