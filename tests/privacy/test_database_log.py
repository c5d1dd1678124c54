"""The database's own log, when statements about people fail: it says that they failed, and nothing of whom.

PostgreSQL tells of a failed statement in a line of its own, and of the row in a DETAIL; both hold what was written. So
statements are made to fail about rows of the marked person, in every table of every service that has some.
"""

import threading
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tests.privacy.conftest import Lived
from tests.privacy.marked import NOMS, TRACES, WORD, word
from tests.support.settled import owner_urls
from tests.support.traces import traces
from throughgate.local.datadir import DataDir

MESSAGES = {
    "UniqueViolation": "duplicate key value violates unique constraint",
    "NotNullViolation": "violates not-null constraint",
    "QueryCanceled": "canceling statement due to statement timeout",
    "DeadlockDetected": "deadlock detected",
}
"""What is provoked, and the line that the log has for it."""
_REQUIRED = """
SELECT attname FROM pg_attribute
WHERE attrelid = %s::regclass AND attnum > 0 AND attnotnull AND NOT attisdropped AND attgenerated = ''
  AND attidentity = '' ORDER BY attnum DESC LIMIT 1
"""


def _fail(connection: psycopg.Connection, statement: sql.Composable | str) -> str:
    """The kind of failure; nothing of the statement stays."""
    try:
        connection.execute(statement)  # type: ignore[arg-type]  # composed of names, and of a word to look for
    except psycopg.Error as error:
        return type(error).__name__
    finally:
        connection.rollback()
    return "done"


def _about_rows(url: str, tables: set[str]) -> set[str]:
    """Every row is written again, and then one of its values is taken away."""
    with psycopg.connect(url) as connection:
        kinds = set()
        for table in sorted(tables):
            name = sql.Identifier(table)
            kinds.add(
                _fail(connection, sql.SQL("INSERT INTO {0} OVERRIDING SYSTEM VALUE SELECT * FROM {0}").format(name))
            )
            found = connection.execute(_REQUIRED, (table,)).fetchone()
            if found:
                column = sql.Identifier(found[0])
                kinds.add(_fail(connection, sql.SQL("UPDATE {0} SET {1} = NULL").format(name, column)))
        return kinds


def _too_long(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        connection.execute("SET statement_timeout = 50")
        connection.commit()
        return {_fail(connection, f"SELECT pg_sleep(5), '{word()} {NOMS}'")}


def _across(url: str) -> set[str]:
    """Two statements, each about the person, that wait for each other."""
    kinds: set[str] = set()
    both_hold_one = threading.Barrier(2)

    def lock(mine: int, other: int) -> None:
        with psycopg.connect(url) as connection:
            connection.execute(f"SELECT pg_advisory_xact_lock({mine})")
            both_hold_one.wait(30)
            kinds.add(_fail(connection, f"SELECT pg_advisory_xact_lock({other}), '{word()} {NOMS}'"))

    threads = [threading.Thread(target=lock, args=pair) for pair in ((71, 72), (72, 71))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return kinds


@pytest.fixture(scope="module")
def log(lived: Lived) -> Path:
    return lived.world.stack.data_dir / "logs" / "postgres.log"


def test_the_database_s_log_says_what_failed_and_nothing_of_whom(lived: Lived, log: Path) -> None:
    stack, began = lived.world.stack, datetime.now(UTC)
    size = log.stat().st_size
    password = DataDir.at(stack.data_dir).secrets(["postgres"])["postgres"]
    failed: set[str] = set()
    for name, url in owner_urls(stack).items():
        tables = set(traces(url, [WORD, NOMS], password=password))
        assert tables, f"{name} holds nothing of the person, so nothing fails about them"
        failed |= _about_rows(url, tables)
    url = owner_urls(stack)["caseload"]
    failed |= _too_long(url) | _across(url)
    assert failed >= set(MESSAGES), failed
    with log.open(errors="replace") as file:
        file.seek(size)
        lines = [line.rstrip() for line in file]
    for message in MESSAGES.values():
        assert [line for line in lines if message in line], f"the log says nothing of: {message}"
    assert datetime.fromisoformat(lines[0][:23]).replace(tzinfo=UTC) >= began.replace(microsecond=0)
    for line in log.read_text(errors="replace").lower().splitlines():
        assert not [trace for trace in TRACES if trace in line], line
        assert "statement:" not in line, line
        assert "detail:" not in line, line
