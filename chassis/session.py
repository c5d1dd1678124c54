"""The session of a request: one transaction, committed once, before the first byte of the answer.

The dependency's block ends, and so commits, when the endpoint has returned and before the answer goes out
(`scope="function"`), so no answer says "done" of what a failing commit undid.
"""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request

from chassis import crash
from chassis.db import AsyncSession, Database

_READS = frozenset({"GET", "HEAD"})


async def _session(request: Request) -> AsyncIterator[AsyncSession]:
    async with request.app.state.database.transaction() as session:
        yield session
        if request.method not in _READS:
            crash.here("request.before_commit")
    if request.method not in _READS:
        crash.here("request.after_commit")


async def _database(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


SessionDep = Annotated[AsyncSession, Depends(_session, scope="function")]
"""Not for endpoints that stream: their body is made after the commit. They take DatabaseDep."""

DatabaseDep = Annotated[Database, Depends(_database)]
"""For streams and long polls, which must not hold a transaction open while they wait."""
