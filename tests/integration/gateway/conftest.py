"""A gateway database as its processes see it: the front's role, the projector's role, and the owner's."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest

from chassis.consumer import Received
from chassis.db import Database
from contracts.event import EventData
from gateway.operations.project import Projected, project
from tests.support.pipe import Pipe, piped
from tests.support.postgres import MakeDatabase, TestDatabase
from tests.support.sharelog import BEGAN, MadeLog


@dataclass
class Gateway:
    """`front` and `projector` are the two login roles' databases; `show` applies messages as the projector does."""

    rows: TestDatabase
    front: Database
    projector: Database
    log: MadeLog

    async def show(self, *messages: EventData) -> Projected:
        received = [
            Received(id="", topic=str(m.TOPIC), key=m.key, version=n, time=BEGAN, traceparent=None, data=m)
            for n, m in enumerate(messages, 1)
        ]
        async with self.projector.transaction() as session:
            return await project(session, received, key=self.log.key, now=BEGAN)


Show = Callable[..., Awaitable[Projected]]


@pytest.fixture(scope="package")
async def whole_pipe(make_database: MakeDatabase) -> AsyncIterator[Pipe]:
    """All of Throughgate, shared by the tests of this folder: each has persons of its own."""
    async with piped(make_database) as made:
        yield made


@pytest.fixture
async def pipe(whole_pipe: Pipe) -> AsyncIterator[Pipe]:
    """The pipe, running while the test does."""
    async with whole_pipe.carrying():
        yield whole_pipe


@pytest.fixture
async def gateway(fresh_database: MakeDatabase) -> AsyncIterator[Gateway]:
    rows = fresh_database("gateway")
    front = Database(rows.url)
    projector = Database(rows.login_url("gateway_projector"))
    yield Gateway(rows, front, projector, MadeLog())
    await front.close()
    await projector.close()
