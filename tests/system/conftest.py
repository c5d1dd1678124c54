"""The whole of Throughgate, started as a user starts it: once on the embedded broker, once on Apache Kafka."""

from collections.abc import AsyncIterator

import pytest

from chassis.http_client import ServiceClient
from tests.support.stack import RunningStack, running_stack
from tests.system.world import World


@pytest.fixture(scope="session")
async def embedded_world(stack: RunningStack) -> AsyncIterator[World]:
    async with ServiceClient(stack.url, timeout_s=60) as http:
        yield World(stack, http)


@pytest.fixture(scope="session")
async def kafka_world(kafka_bootstrap: str) -> AsyncIterator[World]:
    with running_stack("--kafka", kafka_bootstrap) as stack:
        async with ServiceClient(stack.url, timeout_s=60) as http:
            yield World(stack, http)


@pytest.fixture(params=["embedded", pytest.param("kafka", marks=pytest.mark.kafka)])
def world(request: pytest.FixtureRequest) -> World:
    """A world on each broker."""
    found: World = request.getfixturevalue(f"{request.param}_world")
    return found
