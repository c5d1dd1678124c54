"""Whether somebody waits for a lock in a service's database."""

from sqlalchemy import text

from chassis.db import Database

_WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


async def waits_for_a_lock(database: Database) -> bool:
    async with database.session() as session:
        return bool(await session.scalar(text(_WAITING)))
