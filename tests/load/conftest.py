"""A stack of the suite's own, with the defaults that a user starts with, and who asks it."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from random import Random

import pytest

from chassis.http_client import ServiceClient
from tests.faults.client import FaultyWorld
from tests.load.answers import CountingWorld
from tests.load.mix import Mix
from tests.support.stack import MakeStack, RunningStack

MINUTES = float(os.environ.get("MINUTES", "0"))
"""0 is the short form, which takes about a minute and looks at memory more coarsely."""


@pytest.fixture(scope="package")
def loaded_stack(make_stack: MakeStack) -> Iterator[RunningStack]:
    with make_stack() as running:
        yield running


@pytest.fixture
async def patient(loaded_stack: RunningStack) -> AsyncIterator[FaultyWorld]:
    """Who prepares and who follows feeds: by another client than the load."""
    async with ServiceClient(loaded_stack.url, timeout_s=60) as http:
        yield FaultyWorld(loaded_stack, http)


@asynccontextmanager
async def mixing(stack: RunningStack, *, connections: int, patience_s: float = 60) -> AsyncIterator[Mix]:
    """A mix that asks over so many connections and waits so long for an answer; its choices repeat."""
    async with ServiceClient(stack.url, max_connections=connections) as http:
        yield Mix(CountingWorld(stack, http, patience_s=patience_s), Random(1))
