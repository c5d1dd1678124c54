"""The supervisor with real servers: starts, restarts, stops, and leaves nothing behind however it ends."""

import os
import signal
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from tests.support.eventually import eventually
from tests.support.stack import StackProcess
from throughgate.local import postgres
from throughgate.local.datadir import DataDir
from throughgate.local.ports import free_port

SERVICES = ("broker", "postgres", "gateway")


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def start(data_dir: Path) -> Iterator[Callable[[], StackProcess]]:
    """Starts a stack of the real servers and one tiny service; all are stopped when the test ends."""
    started: list[StackProcess] = []

    def start_one() -> StackProcess:
        command = [sys.executable, "-m", "tests.support.tiny_stack", str(free_port()), str(data_dir)]
        started.append(StackProcess(command, data_dir))
        return started[-1]

    yield start_one
    for each in started:
        each.stop()


def alive(pid: int) -> bool:
    """Whether the process runs; a zombie that nobody has waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def all_pids(stack: StackProcess, data_dir: Path) -> list[int]:
    return [*(stack.pid(service) for service in SERVICES), int((data_dir / "grandchild").read_text())]


def test_it_is_ready_when_everything_answers_and_sigterm_stops_all_of_it(
    start: Callable[[], StackProcess], data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINY_SERVICE_GRANDCHILD", "1")
    stack = start()
    ready = stack.wait_for("ready")
    assert ready["url"].startswith("http://127.0.0.1:")
    pids = all_pids(stack, data_dir)
    assert all(alive(pid) for pid in pids)
    assert stack.stop(signal.SIGTERM) == 0
    assert [pid for pid in pids if alive(pid)] == []
    stopped = [event["service"] for event in stack.events if event["event"] == "stopped"]
    assert stopped[0] == "gateway"
    assert set(stopped) == set(SERVICES)


async def test_a_killed_supervisor_leaves_no_process_behind(start: Callable[[], StackProcess], data_dir: Path) -> None:
    stack = start()
    stack.wait_for("ready")
    pids = [stack.pid(service) for service in SERVICES]
    assert stack.stop(signal.SIGKILL) == -signal.SIGKILL
    await eventually(lambda: not any(alive(pid) for pid in pids))


def test_a_start_right_after_a_kill_finds_what_was_written(start: Callable[[], StackProcess], data_dir: Path) -> None:
    def admin_url(stack: StackProcess) -> str:
        port = Path(f"/proc/{stack.pid('postgres')}/cmdline").read_bytes().split(b"port=")[1].split(b"\0")[0]
        return postgres.url(int(port), DataDir.at(data_dir).secrets(["postgres"])["postgres"])

    first = start()
    first.wait_for("ready")
    with psycopg.connect(admin_url(first)) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    first.stop(signal.SIGKILL)
    second = start()
    second.wait_for("ready")
    with psycopg.connect(admin_url(second)) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


@pytest.mark.parametrize("service", SERVICES)
def test_a_process_that_is_killed_is_started_again(start: Callable[[], StackProcess], service: str) -> None:
    stack = start()
    stack.wait_for("ready")
    before = stack.pid(service)
    os.kill(before, signal.SIGKILL)
    assert stack.wait_for("died", service)["code"] == -signal.SIGKILL
    again = stack.wait_for("started", service)
    assert again["restarts"] == 1
    assert again["pid"] != before
    stack.wait_for("answering", service)


def test_a_second_stack_on_the_same_folder_is_refused_and_harms_nothing(start: Callable[[], StackProcess]) -> None:
    first = start()
    first.wait_for("ready")
    second = start()
    assert second.process.wait(timeout=60) == 1
    assert f"process {first.process.pid} already runs a stack" in second.errors()
    assert all(alive(first.pid(service)) for service in SERVICES)


def test_a_process_that_never_comes_up_ends_the_stack_with_a_reason(
    start: Callable[[], StackProcess], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINY_SERVICE_FAILS", "1")
    stack = start()
    assert stack.process.wait(timeout=60) == 1
    assert "gateway died 6 times before it answered" in stack.errors()
    assert not any(alive(stack.pid(service)) for service in SERVICES)


def test_passwords_are_kept_private_and_never_on_a_command_line(
    start: Callable[[], StackProcess], data_dir: Path
) -> None:
    stack = start()
    stack.wait_for("ready")
    for name in ("secrets.json", "stack.json"):
        assert stat.S_IMODE((data_dir / name).stat().st_mode) == 0o600
    password = DataDir.at(data_dir).secrets(["postgres"])["postgres"]
    for service in SERVICES:
        assert password.encode() not in Path(f"/proc/{stack.pid(service)}/cmdline").read_bytes()


def test_servers_listen_on_loopback_only(start: Callable[[], StackProcess]) -> None:
    stack = start()
    stack.wait_for("ready")
    for service in ("broker", "postgres"):
        arguments = Path(f"/proc/{stack.pid(service)}/cmdline").read_text()
        assert "127.0.0.1" in arguments
        assert "0.0.0.0" not in arguments
    assert listening_elsewhere({stack.pid("broker"), stack.pid("postgres")}) == []


def listening_elsewhere(pids: set[int]) -> list[str]:
    """Sockets of these processes that listen on other addresses than 127.0.0.1."""
    inodes = set()
    for pid in pids:
        for handle in Path(f"/proc/{pid}/fd").iterdir():
            link = os.readlink(handle)
            if link.startswith("socket:["):
                inodes.add(link[8:-1])
    found = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in inodes and not fields[1].startswith("0100007F:"):
                found.append(fields[1])
    return found
