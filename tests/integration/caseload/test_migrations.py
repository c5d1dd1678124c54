"""The schema: what the models say is what the migrations make, and the outbox takes caseload's topics alone."""

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from caseload.models import Table
from caseload.operations.merges import MOVED
from chassis.tables import ChassisTable
from tests.support.postgres import MakeDatabase


def test_models_are_what_the_migrations_made(fresh_database: MakeDatabase) -> None:
    made = fresh_database("caseload")
    engine = create_engine(made.owner_url.replace("postgresql://", "postgresql+psycopg://", 1))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, [Table.metadata, ChassisTable.metadata])  # type: ignore[arg-type]
    engine.dispose()
    assert differences == []


def test_every_table_that_follows_a_person_moves_in_a_merge() -> None:
    following = {name for name, table in Table.metadata.tables.items() if "recorded_person_id" in table.columns}
    assert following == set(MOVED)


def test_the_outbox_takes_no_topic_of_another_writer(fresh_database: MakeDatabase) -> None:
    with psycopg.connect(fresh_database("caseload").url) as service, pytest.raises(psycopg.errors.CheckViolation):
        service.execute(
            "INSERT INTO outbox (event_id, topic, key, version, type, time, body, lane)"
            " VALUES ('e', 'share-log', 'k', 1, 't', now(), '', 'urgent')"
        )
