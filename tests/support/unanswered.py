"""Whose offers take places in the bulk window of an owner's relay."""

import json
from collections.abc import Sequence

from sqlalchemy import text

from chassis.db import Database

_BULK = """
UPDATE outbox SET lane = 'bulk', answered_at = NULL, sent_at = CASE WHEN id % 2 = 0 THEN time END WHERE topic = 'offers'
"""
_UNANSWERED = "SELECT body FROM outbox WHERE topic = 'offers' AND lane = 'bulk' AND answered_at IS NULL"


async def sent_in_bulk(database: Database) -> None:
    """Every offer, every other of them already; nobody has answered."""
    async with database.transaction() as session:
        await session.execute(text(_BULK))


async def unanswered(database: Database, persons: Sequence[str]) -> set[str]:
    """Those of these persons of whom offers are not answered."""
    async with database.session() as session:
        about = {json.loads(bytes(body))["person_id"] for body in await session.scalars(text(_UNANSWERED))}
    return about & set(persons)
