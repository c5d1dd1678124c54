"""Many rows in one statement and one round trip: PostgreSQL unfolds a JSON array into rows."""

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from release_notify.models import Table


async def upsert(session: AsyncSession, table: type[Table], rows: Sequence[dict[str, Any]]) -> None:
    """Inserts or replaces rows by primary key. Every row has every column."""
    await _run(session, _upsert(table), rows)


async def insert(session: AsyncSession, table: type[Table], rows: Sequence[dict[str, Any]]) -> None:
    """Inserts rows; one that is there already is left as it is."""
    await _run(session, _insert(table), rows)


async def _run(session: AsyncSession, statement: TextClause, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        await session.execute(statement, {"rows": json.dumps(rows)})


@cache
def _insert(table: type[Table]) -> TextClause:
    return text(f"{_insert_select(table)} ON CONFLICT DO NOTHING")


@cache
def _upsert(table: type[Table]) -> TextClause:
    found = Table.metadata.tables[str(table.__tablename__)]
    key = ", ".join(column.name for column in found.primary_key)
    rest = ", ".join(f"{column.name} = EXCLUDED.{column.name}" for column in found.columns if not column.primary_key)
    return text(f"{_insert_select(table)} ON CONFLICT ({key}) DO {f'UPDATE SET {rest}' if rest else 'NOTHING'}")


def _insert_select(table: type[Table]) -> str:
    name = str(table.__tablename__)
    columns = ", ".join(column.name for column in Table.metadata.tables[name].columns)
    return (
        f"INSERT INTO {name} ({columns})"  # noqa: S608 - names come from the models alone
        f" SELECT {columns} FROM jsonb_populate_recordset(CAST(NULL AS {name}), CAST(:rows AS jsonb))"
    )
