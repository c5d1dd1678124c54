"""A stack of a test's own whose processes can be told to die, a patient client, and live pollers of every feed."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest

from chassis.clock import now
from chassis.http_client import ServiceClient
from tests.faults.client import FaultyWorld
from tests.faults.pollers import Poller
from tests.faults.processes import Processes
from tests.faults.traffic import FEEDS, Traffic
from tests.integration.chassis.conftest import database, settings
from tests.support.kafka import KafkaServer
from tests.support.settled import under_way
from tests.support.stack import RunningStack, running_stack, stack_on_kafka

__all__ = ["database", "settings"]


@dataclass
class Scene:
    """Everything a fault test has: the world, its processes, traffic and pollers."""

    world: FaultyWorld
    processes: Processes
    pollers: dict[str, Poller]
    traffic: Traffic
    kafka: KafkaServer | None = None

    @property
    def today(self) -> date:
        return now().date()

    async def lose_broker(self) -> None:
        """kill -9 of the broker, which comes back at its address with nothing in it."""
        if self.kafka is None:
            await self.processes.kill("broker")
        else:
            self.kafka.end()
            await asyncio.to_thread(self.kafka.empty)
            await asyncio.to_thread(self.kafka.start)


@asynccontextmanager
async def polled(world: FaultyWorld, agencies: Sequence[str] = FEEDS) -> AsyncIterator[dict[str, Poller]]:
    """Live pollers of these agencies' feeds, from now on."""
    pollers = {agency: Poller(world, agency) for agency in agencies}
    for poller in pollers.values():
        await poller.begin()
    polling = [asyncio.create_task(poller.run()) for poller in pollers.values()]
    try:
        yield pollers
    finally:
        for task in polling:
            task.cancel()
        outcomes = await asyncio.gather(*polling, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            raise outcome


@asynccontextmanager
async def told_with_its_state(scene: Scene) -> AsyncIterator[None]:
    """A failure in this block is told with what was under way and the end of every log."""
    try:
        yield
    except Exception as error:
        try:
            left: object = await asyncio.to_thread(under_way, scene.world.stack)
        except psycopg.Error:
            left = "cannot be asked: PostgreSQL is away"
        error.add_note(f"under way: {left}\n{scene.world.stack.process.tail()}")
        raise


async def while_living(living: "asyncio.Task[None]", step: Coroutine[Any, Any, None]) -> None:
    """The step, unless a life fails first: then that is what is told."""
    task = asyncio.create_task(step)
    await asyncio.wait({living, task}, return_when=asyncio.FIRST_COMPLETED)
    if living.done() and not task.done():
        task.cancel()
        living.result()
    await task


@pytest.fixture(scope="session")
def crash_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What every process of the faulty stacks looks at; see chassis.crash."""
    return tmp_path_factory.mktemp("crash") / "point"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One stack at a time: what plays on Apache Kafka follows on what plays on the embedded broker, or goes before."""
    if "faulty_stack" in metafunc.fixturenames:
        broker = "kafka" if "kafka_scene" in metafunc.fixturenames else "embedded"
        metafunc.parametrize("faulty_stack", [broker], indirect=True, scope="session")


@pytest.fixture(scope="session")
def faulty_stack(request: pytest.FixtureRequest, crash_file: Path) -> Iterator[RunningStack]:
    told = {"THROUGHGATE_CRASH_FILE": str(crash_file)}
    if request.param == "kafka":
        bootstrap: str = request.getfixturevalue("kafka_bootstrap")
        made = stack_on_kafka(bootstrap, environment={**told, "THROUGHGATE_KAFKA_SESSION_TIMEOUT_MS": "6000"})
    else:
        made = running_stack(environment=told)
    with made as running:
        yield running


@asynccontextmanager
async def on_stage(stack: RunningStack, crash_file: Path) -> AsyncIterator[Scene]:
    """A scene on this stack; what fails in it is told with the state of the stack."""
    async with ServiceClient(stack.url, timeout_s=60) as http:
        world = FaultyWorld(stack, http)
        async with polled(world) as pollers:
            processes = Processes(stack, crash_file)
            processes.disarm()
            yield Scene(world, processes, pollers, Traffic(world, pollers))


@pytest.fixture
async def scene(faulty_stack: RunningStack, crash_file: Path) -> AsyncIterator[Scene]:
    async with on_stage(faulty_stack, crash_file) as made:
        yield made


@pytest.fixture
async def kafka_scene(faulty_stack: RunningStack, crash_file: Path, kafka_node: KafkaServer) -> AsyncIterator[Scene]:
    async with on_stage(faulty_stack, crash_file) as made:
        yield replace(made, kafka=kafka_node)
