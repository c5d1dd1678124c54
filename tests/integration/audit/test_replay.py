"""A gateway that lost everything is filled again with the very messages it had; the schema is as the models say."""

import asyncio
import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

from audit.handlers import appending
from audit.models import Table
from audit.operations.replay import replay_share_log
from audit.signing import NoSigningKey, Signer, load_signer
from chassis.db import AsyncSession, Database
from chassis.settings import Environment, Settings
from chassis.tables import ChassisTable
from contracts.log import LogAppendedV1
from contracts.log_leaf import read_leaf
from contracts.log_proof import batch_holds, detail_holds, parse_verifier_key
from tests.support.log_events import AT, decided, permitted, received, refused
from tests.support.postgres import TestDatabase
from throughgate.local.datadir import DatabaseUrls, DataDir, StackFile


async def outbox(session: AsyncSession) -> list[tuple[int, str, LogAppendedV1]]:
    rows = await session.execute(
        text("SELECT version, event_id, body FROM outbox WHERE topic = 'share-log' AND sent_at IS NULL ORDER BY id")
    )
    return [(version, event_id, LogAppendedV1.model_validate_json(bytes(body))) for version, event_id, body in rows]


async def replay_all(database: Database, *, limit: int) -> None:
    versions = [0]
    while versions:
        async with database.transaction() as session:
            versions = await replay_share_log(session, now=AT, after=versions[-1], limit=limit)


async def test_replay_sends_the_same_messages_whether_or_not_the_outbox_still_keeps_them(
    database: Database, signing: Signer
) -> None:
    for _ in range(5):
        async with database.transaction() as session:
            await appending(signing)(session, received([decided(permitted(), refused())]))
    async with database.transaction() as session:
        first = await outbox(session)
        await session.execute(text("UPDATE outbox SET sent_at = now()"))
        await session.execute(text("DELETE FROM outbox WHERE topic = 'share-log' AND version <= 3"))
    await replay_all(database, limit=2)
    async with database.session() as session:
        again = await outbox(session)
    assert sorted(again, key=lambda found: found[0]) == first
    assert len(first) == 5


async def test_the_command_sends_the_whole_log_again(
    audit_database: TestDatabase, database: Database, signing: Signer, tmp_path: Path
) -> None:
    for _ in range(3):
        async with database.transaction() as session:
            await appending(signing)(session, received([decided(permitted())]))
    async with database.transaction() as session:
        await session.execute(text("DELETE FROM outbox WHERE version = 1"))
        await session.execute(text("UPDATE outbox SET sent_at = now()"))
    urls = {"audit": DatabaseUrls(audit_database.owner_url, {"audit": audit_database.url})}
    DataDir.at(tmp_path).write_stack(StackFile("http://127.0.0.1:1", 1, "127.0.0.1:1", urls, {}))
    arguments = ["-m", "throughgate", "replay", "share-log", "--data-dir", str(tmp_path), "--json"]
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, *arguments], capture_output=True, text=True, check=False
    )
    assert json.loads(done.stdout) == {"topic": "share-log", "writers": ["audit"], "messages": 3}, done.stderr
    async with database.session() as session:
        assert sorted(version for version, _, _ in await outbox(session)) == [1, 2, 3]


@pytest.mark.parametrize("kept", [True, False])
async def test_an_erased_share_is_replayed_without_content_and_its_batch_still_verifies(
    database: Database, signing: Signer, kept: bool
) -> None:
    """Whether the outbox still keeps the message as it was sent, or not."""
    async with database.transaction() as session:
        await appending(signing)(session, received([decided(permitted(), permitted("yot-northtown"))]))
        await session.execute(text("DELETE FROM log_detail WHERE log_index = 0"))
        await session.execute(text("UPDATE outbox SET sent_at = now()" if kept else "DELETE FROM outbox"))
    await replay_all(database, limit=10)
    async with database.session() as session:
        ((_, _, message),) = await outbox(session)
    erased, other = message.entries
    assert (erased.detail, erased.salt) == (None, None)
    assert other.detail is not None
    assert other.salt is not None
    assert detail_holds(read_leaf(other.leaf).content_digest, other.salt, other.detail)
    assert batch_holds(
        signing.verifier,
        log=message.log,
        first_index=message.first_index,
        leaf_hashes=[entry.leaf_hash for entry in message.entries],
        key_id=message.key_id,
        signature=message.signature,
    )


def test_the_schema_is_what_the_models_say(audit_database: TestDatabase) -> None:
    engine = create_engine(audit_database.owner_url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "include_name": lambda name, kind, _: kind != "table" or not str(name).startswith("log_entry_p"),
            },
        )
        found = compare_metadata(context, [Table.metadata, ChassisTable.metadata])  # type: ignore[arg-type]  # takes many
    engine.dispose()
    assert [change for change in found if "alembic_version" not in str(change)] == []


def test_the_signing_key_is_made_once_kept_private_and_published(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data", log_origin="test.throughgate/log")
    first = load_signer(settings)
    again = load_signer(settings)
    assert first.verifier == again.verifier
    key = tmp_path / "data" / "share-log.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert parse_verifier_key((tmp_path / "data" / "share-log.pub").read_text()) == first.verifier


def test_outside_development_a_missing_or_wrong_key_stops_the_process(tmp_path: Path) -> None:
    settings = Settings(
        environment=Environment.PRODUCTION,
        cursor_key="made up for this test",
        audience="urn:throughgate:made-up",
        data_dir=tmp_path,
        signing_key_file=tmp_path / "k",
    )
    with pytest.raises(NoSigningKey):
        load_signer(settings)
    (tmp_path / "k").write_text("no key")
    with pytest.raises(NoSigningKey):
        load_signer(settings)
