"""A stack as a process of its own, followed by the JSON lines it prints; and the whole of Throughgate as a fixture.

`stack` is shared by the whole session, so each test brings people of its own. It runs on the embedded broker; a test
marked `@pytest.mark.kafka` runs a second time on a stack whose broker is Apache Kafka.
`running_stack()` gives a stack to one test alone, to kill parts of it. `make_stack` does so for suites that run on one
broker at a time: the embedded one, or Apache Kafka with `BROKER=kafka`.
"""

import itertools
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest

from chassis.settings import Settings
from throughgate.local.datadir import DataDir
from throughgate.local.leash import leashed
from throughgate.local.ports import free_port

BROKER = os.environ.get("BROKER", "embedded")
"""What `make_stack` starts a stack on: `make privacy BROKER=kafka`, `make load BROKER=kafka`."""
PREFIX = "THROUGHGATE_KAFKA_TOPIC_PREFIX"
MakeStack = Callable[..., AbstractContextManager["RunningStack"]]
_stacks = itertools.count(1)


class StackProcess:
    """`command` running, with what it has reported so far in `events`."""

    def __init__(self, command: Sequence[str], data_dir: Path, environment: Mapping[str, str] | None = None) -> None:
        self.data_dir = data_dir
        self.events: list[dict[str, Any]] = []
        self._errors: str | None = None
        self._arriving: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self.process = subprocess.Popen(
            leashed(command),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._arriving.put(json.loads(line))
        self._arriving.put(None)

    def wait_for(self, event: str, service: str | None = None, *, within: float = 90) -> dict[str, Any]:
        """The next event of this name (and service) that was not waited for yet; an AssertionError if none comes."""
        deadline = time.monotonic() + within
        while True:
            try:
                found = self._arriving.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"no {event} {service or ''} within {within} s\n{self.tail()}") from None
            if found is None:
                self._arriving.put(None)
                raise AssertionError(f"ended before {event} {service or ''}\n{self.tail()}\n{self.errors()}")
            self.events.append(found)
            if found["event"] == event and service in (None, found.get("service")):
                return found

    def news(self) -> list[dict[str, Any]]:
        """Every event so far, those that nobody waited for included."""
        while not self._arriving.empty():
            found = self._arriving.get_nowait()
            if found is None:
                self._arriving.put(None)
                break
            self.events.append(found)
        return self.events

    def pid(self, service: str) -> int:
        """The process id of the service's newest process among the events read."""
        started = [each for each in self.events if each["event"] == "started" and each["service"] == service]
        return int(started[-1]["pid"])

    def stop(self, how: signal.Signals = signal.SIGTERM, *, within: float = 90) -> int:
        """Send the signal, wait for the end, return the exit code (negative: the signal that ended it)."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            self.process.wait(timeout=within)
        finally:
            self.process.kill()
            self._reader.join(timeout=10)
            if self._errors is None:
                assert self.process.stdout is not None
                assert self.process.stderr is not None
                self._errors = self.process.stderr.read()
                self.process.stderr.close()
                self.process.stdout.close()
        while not self._arriving.empty():
            if (event := self._arriving.get_nowait()) is not None:
                self.events.append(event)
        return self.process.returncode

    def errors(self) -> str:
        """What it wrote to standard error; ends it if it still runs."""
        self.stop(signal.SIGKILL)
        return self._errors or ""

    def tail(self) -> str:
        """The end of each log, for a failing test's message."""
        logs = sorted((self.data_dir / "logs").glob("*.log"))
        return "\n".join(f"--- {log.name}\n{log.read_text(errors='replace')[-1500:]}" for log in logs)

    def unforeseen(self) -> list[str]:
        """What its processes logged of answers 500: what was raised, and where."""
        lines = (line for log in self.logs() for line in log.read_text(errors="replace").splitlines())
        return [line for line in lines if '"http.unexpected"' in line]

    def logs(self) -> list[Path]:
        """The logs of all its processes, the database's too, and those that were moved aside."""
        return sorted((self.data_dir / "logs").glob("*.log*"))

    def telling(self, words: Collection[str]) -> list[str]:
        """The lines of its logs that hold any of these words, as they are written here."""
        found = []
        for log in self.logs():
            text = log.read_text(errors="replace")
            if held := [word for word in words if word in text]:
                found += [f"{log.name}: {line}" for line in text.splitlines() if any(word in line for word in held)]
        return found


def throughgate_up(port: int, data_dir: Path, *more: str, environment: Mapping[str, str] | None = None) -> StackProcess:
    """`throughgate up --json` on that port and folder."""
    command = [sys.executable, "-m", "throughgate", "up", "--json", "--port", str(port), "--data-dir", str(data_dir)]
    return StackProcess([*command, *more], data_dir, environment)


@dataclass(frozen=True, slots=True)
class RunningStack:
    """A ready stack: its URL, its folder, its process, its topics, and tokens for it."""

    url: str
    data_dir: Path
    process: StackProcess
    topic_prefix: str = ""

    @property
    def broker(self) -> Settings:
        """To read and write its topics past every service."""
        return Settings(kafka=DataDir.at(self.data_dir).read_stack().kafka, kafka_topic_prefix=self.topic_prefix)

    def token(self, agency: str, *, user: str | None = None, scope: str | None = None, ttl: int | None = None) -> str:
        """A development access token, straight from the stack's own token endpoint."""
        form = {
            "grant_type": "client_credentials",
            "client_id": agency,
            "client_secret": f"dev-{agency}",
            "user": user,
            "scope": scope,
            "ttl": ttl,
        }
        body = urlencode({name: value for name, value in form.items() if value is not None}).encode()
        with urlopen(Request(f"{self.url}/oauth2/token", data=body), timeout=30) as answer:
            return str(json.load(answer)["access_token"])


@contextmanager
def running_stack(*more: str, environment: Mapping[str, str] | None = None) -> Iterator[RunningStack]:
    """A whole stack on a free port and a folder of its own, stopped at the end. `more` goes to `throughgate up`."""
    with tempfile.TemporaryDirectory(prefix="throughgate-stack-", ignore_cleanup_errors=True) as folder:
        data_dir = Path(folder) / "data"
        process = throughgate_up(free_port(), data_dir, *more, environment=environment)
        try:
            url = process.wait_for("ready", within=120)["url"]
            yield RunningStack(url, data_dir, process, (environment or {}).get(PREFIX, ""))
        finally:
            process.stop()


@contextmanager
def stack_on_kafka(bootstrap: str, *, environment: Mapping[str, str] | None = None) -> Iterator[RunningStack]:
    """As `running_stack`, on a Kafka that is there, with topics of its own."""
    prefix = {PREFIX: f"s{os.getpid()}-{next(_stacks)}."}
    with running_stack("--kafka", bootstrap, environment={**prefix, **(environment or {})}) as running:
        yield running


@pytest.fixture(scope="session")
def make_stack(request: pytest.FixtureRequest) -> MakeStack:
    """A function that starts a stack, with this `environment`, on the broker that BROKER names."""
    if BROKER == "kafka":
        return partial(stack_on_kafka, request.getfixturevalue("kafka_bootstrap"))
    return running_stack


@pytest.fixture(scope="session")
def stack(request: pytest.FixtureRequest) -> Iterator[RunningStack]:
    """A ready stack, shared with the other tests on that broker, which follow each other; it ends before the next."""
    bootstrap = request.getfixturevalue("kafka_bootstrap") if request.param == "kafka" else None
    with stack_on_kafka(bootstrap) if bootstrap else running_stack() as running:
        yield running
