"""All of Throughgate in one process, shared by these tests: each has persons of its own."""

import os
from collections.abc import AsyncIterator

import pytest

from tests.support.pipe import Pipe, piped
from tests.support.postgres import MakeDatabase

REQUESTS = int(os.environ.get("REQUESTS", "1500"))
"""How many requests the walk makes about; `make isolation REQUESTS=1000000` for the long run."""


@pytest.fixture(scope="package")
async def pipe(make_database: MakeDatabase) -> AsyncIterator[Pipe]:
    async with piped(make_database) as made:
        yield made


@pytest.fixture(scope="session")
def requests() -> int:
    return REQUESTS
