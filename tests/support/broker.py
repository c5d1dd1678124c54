"""Brokers that tests run on, and a world of topics for each test.

`broker` is a real Kafka protocol peer: the embedded one, and, in tests marked `@pytest.mark.kafka`, Apache Kafka as
well (each such test runs twice). One process of each kind serves the session; what keeps tests apart is the topic
prefix, new for every test, that `broker.settings` carries (and that consumer groups carry too).
`make_broker` starts embedded brokers of a test's own, to be stopped, killed and started again.

How the embedded broker behaves (measured, Tansu 0.6.0; see also throughgate.local.broker):
- Joining a consumer group takes half the session timeout (5 s by default); a member that left is kept until its
  session times out, so the next member of that group waits for that too (18 s by default, 4.1 s with a session timeout
  of 2 s). Static membership does not help. Assigning partitions by hand takes 0.1 s, and commits work with it.
- A message is consumed 2 ms after it was sent, with a fetch wait of 10 ms.
- Asked for the end of a partition it says 1, however much is there; the high water mark of a fetch is right.
- After a kill it is back on the same port in 15 ms, with nothing in it. A client that waits in a fetch when the broker
  dies gets KafkaConnectionError, logs it and goes on.
"""

import itertools
import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.support.kafka import KafkaServer, kafka_server
from tests.support.missing import missing
from throughgate.local import broker as local_broker
from throughgate.local.leash import leashed
from throughgate.local.ports import LOOPBACK, free_port, wait_until_answers

_worlds = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Broker:
    """Where a broker is, what it can do, and the prefix of this test's topics."""

    name: str
    bootstrap: str
    idempotent: bool
    fetch_wait_ms: int
    prefix: str = ""

    @property
    def settings(self) -> dict[str, object]:
        """Keyword arguments for `chassis.settings.Settings`."""
        return {
            "kafka": self.bootstrap,
            "kafka_idempotent": self.idempotent,
            "kafka_fetch_wait_ms": self.fetch_wait_ms,
            "kafka_groups": self.name == "kafka",
            "kafka_topic_prefix": self.prefix,
            "kafka_session_timeout_ms": 2_000 if self.name == "embedded" else 6_000,
        }


class EmbeddedBroker:
    """One embedded broker process on a port that stays the same through kill and start."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._log = folder / f"broker-{self.port}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def broker(self) -> Broker:
        return Broker("embedded", f"{LOOPBACK}:{self.port}", idempotent=False, fetch_wait_ms=10)

    def start(self) -> None:
        """Start it, empty and with a new cluster id, and wait until it takes connections."""
        with self._log.open("ab") as sink:
            self._process = subprocess.Popen(
                leashed(local_broker.command(self.port)),
                stdout=sink,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        if not wait_until_answers(self.port, within=20):
            raise RuntimeError(f"the embedded broker did not start: {self._log.read_text()}")

    def kill(self) -> None:
        """As a crash: SIGKILL, and all it held is gone."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(timeout=20)
            self._process = None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tests marked `kafka` run on both brokers, the others on the embedded one."""
    both = metafunc.definition.get_closest_marker("kafka") is not None
    brokers = ["embedded", "kafka"] if both else ["embedded"]
    if "broker" in metafunc.fixturenames:
        metafunc.parametrize("broker", brokers, indirect=True)
    if "stack" in metafunc.fixturenames:
        metafunc.parametrize("stack", brokers, indirect=True, scope="session")


@pytest.fixture(scope="session")
def embedded_server() -> Iterator[Broker]:
    """The session's embedded broker, started the first time a test asks."""
    with tempfile.TemporaryDirectory(prefix="throughgate-broker-") as folder:
        server = EmbeddedBroker(Path(folder))
        yield server.broker
        server.stop()


@pytest.fixture(scope="session")
def kafka_node() -> Iterator[KafkaServer]:
    """The session's Apache Kafka; skips where it cannot run, except in CI, where that fails."""
    with kafka_server() as server:
        if isinstance(server, KafkaServer):
            yield server
        else:
            missing(f"Apache Kafka: {server.reason}")


@pytest.fixture(scope="session")
def kafka_bootstrap(kafka_node: KafkaServer) -> str:
    return kafka_node.bootstrap


@pytest.fixture(scope="session")
def kafka_broker(kafka_bootstrap: str) -> Broker:
    return Broker("kafka", kafka_bootstrap, idempotent=True, fetch_wait_ms=500)


@pytest.fixture
def broker(request: pytest.FixtureRequest) -> Broker:
    """A broker with a topic prefix of this test's own."""
    server: Broker = request.getfixturevalue("kafka_broker" if request.param == "kafka" else "embedded_server")
    return replace(server, prefix=f"t{os.getpid()}-{next(_worlds)}.")


@pytest.fixture
def make_broker(tmp_path: Path) -> Iterator[Callable[[], EmbeddedBroker]]:
    """A function that starts an embedded broker of this test's own; all are stopped when it ends."""
    started: list[EmbeddedBroker] = []

    def make() -> EmbeddedBroker:
        started.append(EmbeddedBroker(tmp_path))
        return started[-1]

    yield make
    for each in started:
        each.stop()
