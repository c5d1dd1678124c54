"""The tables that migrations make are those of the models, and the login role may change no history."""

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from chassis.tables import ChassisTable
from referral.models import Table
from tests.support.postgres import MakeDatabase


def test_models_and_migrations_agree(fresh_database: MakeDatabase) -> None:
    url = fresh_database("referral").owner_url.replace("postgresql://", "postgresql+psycopg://", 1)
    engine = create_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, [Table.metadata, ChassisTable.metadata])  # type: ignore[arg-type]
    engine.dispose()
    assert differences == []


def test_history_is_added_to_and_read_and_nothing_else(fresh_database: MakeDatabase) -> None:
    with psycopg.connect(fresh_database("referral").url, autocommit=True) as connection:
        connection.execute("SELECT count(*) FROM history")
        for statement in ("DELETE FROM history", "UPDATE history SET at = now()"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
