"""Connections whose other side goes away without a word are asked after, by both ends."""

import pytest
from sqlalchemy import text

from chassis.db import Database

ASKED = {"tcp_keepalives_idle": "10", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "3"}


@pytest.mark.parametrize("name", ASKED)
async def test_the_server_asks_after_every_connection(database: Database, name: str) -> None:
    async with database.session() as session, database.connection() as connection:
        pooled = await session.scalar(text(f"SHOW {name}"))
        (alone,) = await (await connection.execute(f"SHOW {name}")).fetchone() or ("",)
        assert (pooled, alone) == (ASKED[name], ASKED[name])


@pytest.mark.parametrize(("name", "value"), [("keepalives_idle", "10"), ("tcp_user_timeout", "25000")])
async def test_this_side_asks_too(database: Database, name: str, value: str) -> None:
    async with database.connection() as connection:
        assert connection.info.get_parameters()[name] == value
