"""All of Throughgate in one process, shared by these tests: each has persons of its own."""

import gc
import os
from collections.abc import AsyncIterator

import pytest

from tests.isolation.agencies import deployed
from tests.support.pipe import Pipe, piped
from tests.support.postgres import MakeDatabase

REQUESTS = int(os.environ.get("REQUESTS", "3000"))
"""How many requests the walk makes about; `make isolation` for a million."""

SEED = os.environ.get("SEED")
"""Makes new walks of this number; without it they are the same ones every time."""


@pytest.fixture(scope="package")
async def pipe(make_database: MakeDatabase, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pipe]:
    async with piped(make_database, deployed(tmp_path_factory.mktemp("deploy"))) as made:
        gc.freeze()  # thirteen applications stand for good, and need not be looked through at every collection
        yield made
        gc.unfreeze()
