"""The whole of Throughgate, started as a user starts it; tests marked `kafka` run on Apache Kafka as well."""

from collections.abc import AsyncIterator

import pytest

from chassis.http_client import ServiceClient
from tests.support.stack import RunningStack
from tests.system.world import World


@pytest.fixture
async def world(stack: RunningStack) -> AsyncIterator[World]:
    async with ServiceClient(stack.url, timeout_s=60) as http:
        yield World(stack, http)
