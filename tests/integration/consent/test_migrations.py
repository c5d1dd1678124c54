"""The schema: what the models say is what the migrations make, and what must not change cannot be changed."""

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from chassis.tables import ChassisTable
from consent.models import Table
from consent.operations.merges import MOVES
from tests.support.postgres import MakeDatabase


def test_models_are_what_the_migrations_made(fresh_database: MakeDatabase) -> None:
    made = fresh_database("consent")
    engine = create_engine(made.owner_url.replace("postgresql://", "postgresql+psycopg://", 1))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, [Table.metadata, ChassisTable.metadata])  # type: ignore[arg-type]
    engine.dispose()
    assert differences == []


def test_every_table_that_follows_a_person_moves_in_a_merge() -> None:
    following = {name for name, table in Table.metadata.tables.items() if "recorded_person_id" in table.columns}
    assert following == {table.__tablename__ for table in MOVES}


@pytest.mark.parametrize("statement", ["UPDATE withdrawal SET at = now()", "DELETE FROM withdrawal"])
def test_a_withdrawal_can_be_neither_changed_nor_deleted(fresh_database: MakeDatabase, statement: str) -> None:
    refused = pytest.raises(psycopg.errors.InsufficientPrivilege)
    with psycopg.connect(fresh_database("consent").url) as service, refused:
        service.execute(statement)


def test_the_outbox_takes_no_topic_of_another_writer(fresh_database: MakeDatabase) -> None:
    with psycopg.connect(fresh_database("consent").url) as service, pytest.raises(psycopg.errors.CheckViolation):
        service.execute(
            "INSERT INTO outbox (event_id, topic, key, version, type, time, body, lane)"
            " VALUES ('e', 'share-log', 'k', 1, 't', now(), '', 'urgent')"
        )


def test_at_most_one_permit_of_an_offer_version_is_live_for_a_recipient(fresh_database: MakeDatabase) -> None:
    insert = (
        "INSERT INTO share (id, person_id, recorded_person_id, category, subject_ref, offer_version, source, recipient,"
        " clause, basis, content_digest, decided_at)"
        " VALUES (%s, 'p', 'p', 'identity', 's', 1, 'a', 'b', '2.1', 'statutory', '', now())"
    )
    with psycopg.connect(fresh_database("consent").url) as service:
        service.execute("INSERT INTO person (id, restricted, version, clock) VALUES ('p', false, 0, now())")
        service.execute(insert, ("one",))
        with pytest.raises(psycopg.errors.UniqueViolation):
            service.execute(insert, ("two",))
