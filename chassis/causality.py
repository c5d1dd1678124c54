"""A caller sees the effects of their own earlier commands: an owner waits until it has heard what the gateway has.

The gateway learns from caseload the version of the person's stream and sends it as `Throughgate-After`. The owner
waits, with no transaction open, until its own position in that stream is at least there; if that takes too long it
answers 503 and the caller asks again. It never answers from a state older than the caller's.
"""

import asyncio
from typing import Annotated

from fastapi import Depends, Header, Request

from chassis.db import Database
from chassis.problems import Problem, Unavailable
from chassis.session import DatabaseDep
from chassis.tables import StreamPosition
from contracts.topics import Topic

HEADER = "Throughgate-After"
WAIT_SECONDS = 3.0
_FIRST_PAUSE = 0.005
_LONGEST_PAUSE = 0.1
_PERSON_PARAMETERS = ("person", "person_id")


class NotCaughtUp(Unavailable):
    """What the caller relies on has not arrived here yet."""

    def __init__(self) -> None:
        super().__init__("What this depends on has not arrived yet; ask again.", code="not-caught-up")


async def wait_until(
    database: Database, *, key: str, version: int, topic: str = Topic.CASELOAD_EVENTS, timeout_s: float = WAIT_SECONDS
) -> None:
    """Return when this service has applied `version` of that stream; raise NotCaughtUp after `timeout_s`."""
    clock = asyncio.get_running_loop().time
    deadline = clock() + timeout_s
    pause = _FIRST_PAUSE
    while await _position(database, topic=topic, key=key) < version:
        if clock() >= deadline:
            raise NotCaughtUp
        await asyncio.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)


async def caught_up(
    request: Request,
    database: DatabaseDep,
    after: Annotated[str | None, Header(alias=HEADER, include_in_schema=False)] = None,
) -> None:
    """Route dependency: wait for the person in the path, as far as the header says. Without the header, go on."""
    if after is None:
        return
    if not after.isdigit() or len(after) > 18:
        raise Problem(400, f"{HEADER} is a version, a whole number.", code="malformed")
    person = next((request.path_params[name] for name in _PERSON_PARAMETERS if name in request.path_params), None)
    if person is not None:
        await wait_until(database, key=person, version=int(after))


CaughtUp = Depends(caught_up)
"""`dependencies=[CaughtUp]` on routes with `{person}` in their path."""


async def _position(database: Database, *, topic: str, key: str) -> int:
    async with database.session() as session:
        position = await session.get(StreamPosition, (topic, key))
        return position.version if position is not None else 0
