"""PostgreSQL: one engine per process, one transaction per request or batch, committed at the edge and nowhere else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

_LIMITS = "-c statement_timeout=60000 -c lock_timeout=15000 -c idle_in_transaction_session_timeout=60000"
_ALIVE: dict[str, Any] = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}
_ASKS_TOO = "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"
"""Of a connection whose other side is gone without a word both hear within half a minute, and not after two hours: the
process that listens on it, and the server that keeps its advisory lock from the next one."""

_PASSING_STATES = frozenset({"40001", "40P01", "55P03", "57014", "53300", "53100", "53200"})
"""Serialisation, deadlock, lock or statement timeout, too many connections, disk or memory full: later it may work."""


class Database:
    """The service's database. `transaction()` commits once when its block ends; `session()` never commits."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.url = url
        self.engine = create_async_engine(
            _driver(url),
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=10,
            pool_pre_ping=True,
            hide_parameters=True,
            connect_args={"options": f"{_LIMITS} {_ASKS_TOO}", "connect_timeout": 5, **_ALIVE},
        )
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        self._apart: list[Database] = []

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        async with self._sessions() as session, session.begin():
            yield session

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        async with self._sessions() as session:
            try:
                yield session
            finally:
                await session.rollback()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[psycopg.AsyncConnection]:
        """A connection of its own, in autocommit: for LISTEN and for advisory locks that outlive a transaction."""
        made = psycopg.AsyncConnection.connect(
            self.url, autocommit=True, connect_timeout=5, options=_ASKS_TOO, **_ALIVE
        )
        async with await made as connection:
            yield connection

    async def ping(self) -> None:
        async with self.session() as session:
            await session.execute(text("SELECT 1"))

    def apart(self, pool_size: int) -> "Database":
        """The same by connections of its own, which are closed with these: whoever works with them waits for nobody who
        works with these."""
        self._apart.append(Database(self.url, pool_size=pool_size))
        return self._apart[-1]

    async def close(self) -> None:
        for each in self._apart:
            await each.close()
        await self.engine.dispose()


def _driver(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg://", 1)


def is_passing(error: BaseException) -> bool:
    """Whether the fault is the database's or the network's for now, and says nothing about the data."""
    if isinstance(error, DBAPIError):
        return (
            error.connection_invalidated
            or getattr(error.orig, "sqlstate", None) in _PASSING_STATES
            or (isinstance(error, OperationalError | InterfaceError) and getattr(error.orig, "sqlstate", None) is None)
            or str(getattr(error.orig, "sqlstate", "") or "").startswith(("08", "57P"))
        )
    return isinstance(error, PoolTimeout | psycopg.OperationalError | ConnectionError | TimeoutError)


__all__ = ["AsyncSession", "Database", "is_passing"]
