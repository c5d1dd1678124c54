"""An auditor's reading of the log finds what its owner changed in the tables, wherever that is."""

from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest

from audit.signing import Signer
from tests.integration.audit.conftest import Log
from tests.support.log_events import decided, permitted, refused
from tests.support.postgres import TestDatabase
from throughgate.verifying import verify_log

TABLES = ("log_entry", "log_dedup", "log_batch", "log_turn")
WRONG = {
    "a text": "UPDATE log_entry SET leaf = replace(leaf, 'permitted', 'refused') WHERE log_index = 0",
    "a text and its hash": """
        UPDATE log_entry SET leaf = '{}', leaf_hash = sha256('\\x00'::bytea || convert_to('{}', 'UTF8'))
        WHERE log_index = 0""",
    "a recipient": "UPDATE log_entry SET recipient = 'nobody' WHERE log_index = 0",
    "whose it is": "UPDATE log_entry SET person = NULL WHERE log_index = 1",
    "a verdict": "UPDATE log_entry SET decision = 'refused' WHERE decision = 'permitted'",
    "when it was": "UPDATE log_entry SET decided_at = decided_at - interval '1 year' WHERE log_index = 2",
    "an entry is gone": "DELETE FROM log_entry WHERE log_index = 3",
    "the last batch is gone": """
        DELETE FROM log_entry WHERE log_index >= (SELECT max(first_index) FROM log_batch);
        DELETE FROM log_batch WHERE first_index = (SELECT max(first_index) FROM log_batch)""",
    "what a detail says": "UPDATE log_detail SET detail = replace(detail, 'friday', 'early') WHERE log_index = 0",
    "the salt of a detail": "UPDATE log_detail SET salt = decode(repeat('00', 16), 'hex') WHERE log_index = 1",
    "another's detail": """
        UPDATE log_detail d SET salt = o.salt, detail = o.detail FROM log_detail o
        WHERE d.log_index = 2 AND o.log_index = 0""",
    "whom a detail is about": "UPDATE log_detail SET person_id = 'somebody' WHERE log_index = 2",
    "what a detail is about": "UPDATE log_detail SET subject_ref = NULL WHERE log_index = 2",
    "the key of a person": "UPDATE subject_key SET key = decode(repeat('00', 32), 'hex') WHERE ref LIKE 'person:%'",
    "the key of a person is gone": "DELETE FROM subject_key WHERE ref LIKE 'person:%'",
    "one that nobody signed": """
        INSERT INTO log_entry SELECT 1000, kind, share_id, person, source, 'charity-gatehouse', category, purpose,
            decision, basis, clause, reason, member, ends, decided_at, recorded_at, leaf, leaf_hash
        FROM log_entry WHERE log_index = 0""",
}


@pytest.fixture
async def owner(audit_database: TestDatabase, log: Log) -> AsyncIterator[psycopg.Connection[Any]]:
    """Three batches, and who owns their tables, with nothing in the way."""
    for _ in range(3):
        await log.take(decided(permitted(), refused()))
    with psycopg.connect(audit_database.owner_url, autocommit=True) as connection:
        for table in TABLES:
            connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        yield connection


async def test_of_a_log_as_it_was_written_nothing_is_found(owner: psycopg.Connection[Any], signing: Signer) -> None:
    found = verify_log(owner, signing.verifier)
    assert (found.entries, found.batches, found.findings) == (6, 3, ())


@pytest.mark.parametrize("what", WRONG)
async def test_what_was_changed_is_found(owner: psycopg.Connection[Any], signing: Signer, what: str) -> None:
    owner.execute(WRONG[what])
    assert verify_log(owner, signing.verifier).findings


async def test_what_was_erased_is_not_missed(owner: psycopg.Connection[Any], signing: Signer) -> None:
    owner.execute("DELETE FROM log_detail WHERE log_index < 4")
    assert verify_log(owner, signing.verifier).findings == ()


async def test_who_changes_something_may_look_before_it_is_committed(
    owner: psycopg.Connection[Any], signing: Signer
) -> None:
    with owner.transaction(force_rollback=True):
        owner.execute(WRONG["a recipient"])
        assert verify_log(owner, signing.verifier).findings
    assert verify_log(owner, signing.verifier).findings == ()
