"""All of Throughgate in one process, shared by these tests."""

import os
from collections.abc import AsyncIterator

import pytest

from tests.badinput.gateways import met
from tests.support.pipe import Pipe, piped
from tests.support.postgres import MakeDatabase

REQUESTS = int(os.environ.get("REQUESTS", "500"))
"""How many bodies are made; `make badinput REQUESTS=100000` for the long run."""


@pytest.fixture(scope="package")
async def pipe(make_database: MakeDatabase) -> AsyncIterator[Pipe]:
    async with piped(make_database) as made:
        yield made


@pytest.fixture(scope="package")
async def names(pipe: Pipe) -> dict[str, str]:
    return await met(pipe)
