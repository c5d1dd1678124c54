"""One stack for all that looks for traces of one marked person; its telemetry goes to a collector of the tests'."""

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass

import pytest

from chassis.http_client import Answer, ServiceClient
from tests.privacy.deaths import die
from tests.privacy.marked import SECRET, live, malformed
from tests.privacy.outside import failing_endpoints
from tests.support.collector import Collector, collecting
from tests.support.stack import MakeStack
from tests.system.world import Person, World


@dataclass(frozen=True, slots=True)
class Lived:
    """The stack in which the person lived, the person, and the answers to what was malformed."""

    world: World
    person: Person
    refused: Sequence[Answer]


@pytest.fixture(scope="package")
def collector() -> Iterator[Collector]:
    with collecting() as running:
        yield running


@pytest.fixture(scope="package")
async def lived(collector: Collector, make_stack: MakeStack) -> AsyncIterator[Lived]:
    """Every trace is sent, not one in ten, and within half a second."""
    environment = {
        "THROUGHGATE_OTLP_ENDPOINT": collector.url,
        "THROUGHGATE_TRACE_SAMPLING": "1",
        "OTEL_BSP_SCHEDULE_DELAY": "500",
    }
    with make_stack(environment=environment) as stack:
        async with ServiceClient(stack.url, timeout_s=60) as http:
            world = World(stack, http)
            async with failing_endpoints(world, SECRET) as receiver:
                person = await live(world, receiver)
                refused = await malformed(world, person)
                await die(world, person)
                yield Lived(world, person, refused)
