"""Every batch has a signed turn, which is the version that its message has; one of before is given its own."""

from unittest.mock import AsyncMock

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from audit.handlers import appending
from audit.main import give_turns
from audit.operations.replay import replay_share_log
from audit.signing import Signer
from chassis.db import Database
from contracts.log import LogAppendedV1
from contracts.log_proof import turn_holds
from tests.support.log_events import AT, decided, permitted, received
from tests.support.postgres import TestDatabase


async def _append(database: Database, signing: Signer, *, batches: int) -> None:
    for _ in range(batches):
        async with database.transaction() as session:
            await appending(signing)(session, received([decided(permitted())]))


async def _sent(database: Database) -> list[tuple[int, LogAppendedV1]]:
    async with database.session() as session:
        rows = await session.execute(
            text("SELECT version, body FROM outbox WHERE topic = 'share-log' ORDER BY version")
        )
        return [(version, LogAppendedV1.model_validate_json(bytes(body))) for version, body in rows]


def _holds(signing: Signer, version: int, batch: LogAppendedV1) -> bool:
    assert batch.turn_signature is not None
    return turn_holds(
        signing.verifier,
        log=batch.log,
        version=version,
        signature=batch.signature,
        turn_signature=batch.turn_signature,
    )


async def test_a_batch_has_the_turn_of_its_message_and_no_other_and_keeps_it(
    database: Database, signing: Signer
) -> None:
    await _append(database, signing, batches=3)
    sent = await _sent(database)
    assert [version for version, _ in sent] == [1, 2, 3]
    for version, batch in sent:
        assert [turn for turn in range(5) if _holds(signing, turn, batch)] == [version]
    async with database.transaction() as session:
        await session.execute(text("DELETE FROM outbox"))
        await replay_share_log(session, now=AT)
    assert await _sent(database) == sent


async def test_batches_of_before_are_given_their_turns_when_audit_starts(
    audit_database: TestDatabase, database: Database, signing: Signer
) -> None:
    await _append(database, signing, batches=3)
    first = await _sent(database)
    owner = Database(audit_database.owner_url)
    async with owner.transaction() as session:
        await session.execute(text("ALTER TABLE log_batch DROP CONSTRAINT log_batch_has_turn"))
        await session.execute(text("ALTER TABLE log_turn DISABLE TRIGGER USER"))
        await session.execute(text("DELETE FROM log_turn WHERE version < 3"))
        await session.execute(text("ALTER TABLE log_turn ENABLE TRIGGER USER"))
    await owner.close()
    await give_turns(database, signing)
    await give_turns(database, signing)
    async with database.transaction() as session:
        await session.execute(text("DELETE FROM outbox"))
        await replay_share_log(session, now=AT)
    assert await _sent(database) == first


async def test_no_batch_is_kept_without_its_turn(
    database: Database, signing: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by an audit of before that still runs beside this one."""
    monkeypatch.setattr("audit.operations.append.note_turn", AsyncMock())
    with pytest.raises(IntegrityError, match="log_batch_has_turn"):
        await _append(database, signing, batches=1)
