"""Schema changes of a service: Alembic, run with the owner's role before the service starts.

A service's `migrations/env.py` calls `run_env(Table.metadata)`; its first migration calls `create_chassis_tables`.
The login role owns nothing: migrations grant it what it needs.
"""

from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from alembic import command, context
from alembic.config import Config
from alembic.operations import Operations
from sqlalchemy import MetaData, create_engine, pool, text

from chassis import idempotency_table
from chassis.tables import ChassisTable
from contracts.topics import Topic, specs

assert idempotency_table  # its table belongs to the metadata below


def migrate(owner_url: str, package: str, *, target: str = "head") -> None:
    """Brings the database at `owner_url` to the newest schema of that service's package; safe to run twice at once."""
    config = Config()
    config.set_main_option("script_location", str(files(package) / "migrations"))
    config.attributes["url"] = owner_url
    command.upgrade(config, target)


def run_env(metadata: MetaData) -> None:
    """The body of every `migrations/env.py`."""
    url = context.config.attributes["url"].replace("postgresql://", "postgresql+psycopg://", 1)
    engine = create_engine(url, poolclass=pool.NullPool, hide_parameters=True)
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=[metadata, ChassisTable.metadata],
            compare_type=True,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            connection.execute(text("SELECT pg_advisory_xact_lock(7468726372)"))
            context.run_migrations()
    engine.dispose()


def create_chassis_tables(op: Operations | Any, *, topics: Sequence[Topic], role: str) -> None:
    """Creates the outbox, streams, positions, waiting messages and idempotency records, for one writer's topics.

    The CHECK keeps one writer per topic: this service's outbox takes its own topics and no others.
    """
    unknown = set(topics) - set(specs())
    if unknown:
        raise LookupError(f"no such topics: {sorted(unknown)}")
    ChassisTable.metadata.create_all(op.get_bind())
    names = ", ".join(f"'{topic}'" for topic in topics)
    op.execute(f"ALTER TABLE outbox ADD CONSTRAINT outbox_own_topics CHECK (topic IN ({names or 'NULL'}))")
    tables = ", ".join(sorted(ChassisTable.metadata.tables))
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {tables} TO {role}")
    op.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}")


def grant(
    op: Operations | Any, role: str, tables: Sequence[str], rights: str = "SELECT, INSERT, UPDATE, DELETE"
) -> None:
    """Lets the service's login role use its own tables."""
    op.execute(f"GRANT {rights} ON {', '.join(tables)} TO {role}")
    op.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}")
