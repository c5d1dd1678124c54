"""`parked` and `replay` on a service's own database."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.support.postgres import MakeDatabase, TestDatabase
from throughgate.local.datadir import DatabaseUrls, DataDir, StackFile

KEY = "0199c7d2-5f4b-7c7e-9a51-6f3c2b1d0e4f"


@pytest.fixture
def consent(fresh_database: MakeDatabase, tmp_path: Path) -> TestDatabase:
    """Consent's database, named by a data folder as `throughgate up` leaves it."""
    database = fresh_database("consent")
    urls = {"consent": DatabaseUrls(database.owner_url, {"consent": database.url})}
    DataDir.at(tmp_path).write_stack(StackFile("http://127.0.0.1:1", 1, "127.0.0.1:1", urls, {}))
    return database


def command(data_dir: Path, *arguments: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", "throughgate", *arguments, "--json", "--data-dir", str(data_dir)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def park(database: TestDatabase) -> None:
    """A stream that stopped before its third message, with the fourth behind it."""
    with psycopg.connect(database.url) as connection:
        connection.execute(
            "INSERT INTO stream_position (topic, key, version, parked_at, parked_reason)"
            " VALUES ('offers', %s, 2, now(), 'malformed')",
            (KEY,),
        )
        for version in (3, 4):
            connection.execute(
                "INSERT INTO waiting (topic, key, version, headers, body, arrived_at)"
                " VALUES ('offers', %s, %s, %s, '', now())",
                (KEY, version, json.dumps({"ce_type": "offer.made.v1"})),
            )


def test_a_parked_stream_is_listed_shown_and_skipped(consent: TestDatabase, tmp_path: Path) -> None:
    assert command(tmp_path, "parked", "list") == []
    park(consent)
    listed = command(tmp_path, "parked", "list")
    assert [(row["service"], row["topic"], row["key"], row["version"]) for row in listed] == [
        ("consent", "offers", KEY, 3)
    ]
    shown = command(tmp_path, "parked", "show", "consent", "offers", KEY)
    assert (shown["reason"], shown["type"], shown["waiting"]) == ("malformed", "offer.made.v1", 2)
    assert command(tmp_path, "parked", "skip", "consent", "offers", KEY)["outcome"] == "skipped"
    assert command(tmp_path, "parked", "list") == []
    with psycopg.connect(consent.url) as connection:
        assert connection.execute("SELECT version FROM stream_position").fetchall() == [(3,)]
        assert connection.execute("SELECT version FROM waiting").fetchall() == [(4,)]


def test_a_retried_stream_goes_on_from_the_message_that_failed(consent: TestDatabase, tmp_path: Path) -> None:
    park(consent)
    assert command(tmp_path, "parked", "retry", "consent", "offers", KEY)["outcome"] == "retried"
    with psycopg.connect(consent.url) as connection:
        assert connection.execute("SELECT version, parked_at FROM stream_position").fetchall() == [(2, None)]
        assert connection.execute("SELECT count(*) FROM waiting").fetchone() == (2,)


def test_replay_marks_what_the_topics_owner_keeps_as_unsent(consent: TestDatabase, tmp_path: Path) -> None:
    with psycopg.connect(consent.url) as connection:
        for version, day in ((1, "2026-03-01"), (2, "2026-03-02")):
            connection.execute(
                "INSERT INTO outbox (event_id, topic, key, version, type, time, lane, body, sent_at)"
                " VALUES (gen_random_uuid()::text, 'consent-events', %s, %s, 'made.up.v1', %s, 'urgent', '', now())",
                (KEY, version, day),
            )
    done = command(tmp_path, "replay", "consent-events", "--from", "2026-03-02T00:00:00")
    assert done == {"topic": "consent-events", "writers": ["consent"], "messages": 1}
    with psycopg.connect(consent.url) as connection:
        unsent = connection.execute("SELECT version FROM outbox WHERE sent_at IS NULL").fetchall()
    assert unsent == [(2,)]


def test_a_stack_that_has_stopped_is_a_refusal_in_one_sentence(consent: TestDatabase, tmp_path: Path) -> None:
    gone = consent.owner_url.replace(f"/{consent.name}", "/gone")
    stack = StackFile("http://127.0.0.1:1", 1, "127.0.0.1:1", {"consent": DatabaseUrls(gone, {})}, {})
    DataDir.at(tmp_path).write_stack(stack)
    done = subprocess.run(
        [sys.executable, "-m", "throughgate", "parked", "list", "--data-dir", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "database does not answer" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
