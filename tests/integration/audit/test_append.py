"""The log takes each decision once, in order, signed, and lets nobody take anything back."""

import asyncio
from collections.abc import Sequence
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from audit.domain.entries import drafts_of
from audit.handlers import appending
from audit.operations import append as sequencer
from audit.operations.append import append
from audit.signing import Signer
from chassis.consumer import Received
from chassis.db import AsyncSession, Database
from contracts.event import EventData
from contracts.log import LogAppendedV1, ShareReceiptedV1
from contracts.log_leaf import ShareLeaf, read_leaf
from contracts.log_proof import batch_holds, detail_holds, leaf_holds, tag
from tests.support.log_events import AT, decided, permitted, received, refused
from tests.support.postgres import TestDatabase


async def feed(database: Database, signing: Signer, batch: Sequence[Received[EventData]]) -> None:
    async with database.transaction() as session:
        await appending(signing)(session, batch)


async def rows(session: AsyncSession, statement: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await session.execute(text(statement))]


async def messages(database: Database) -> list[LogAppendedV1]:
    async with database.session() as session:
        found = await rows(session, "SELECT body FROM outbox WHERE topic = 'share-log' ORDER BY version")
    return [LogAppendedV1.model_validate_json(bytes(body)) for (body,) in found]


def ensure_holds(message: LogAppendedV1, signing: Signer) -> None:
    assert batch_holds(
        signing.verifier,
        log=message.log,
        first_index=message.first_index,
        leaf_hashes=[entry.leaf_hash for entry in message.entries],
        key_id=message.key_id,
        signature=message.signature,
    )
    for entry in message.entries:
        assert leaf_holds(entry.leaf, entry.leaf_hash)
        if entry.detail is not None:
            assert entry.salt is not None
            assert detail_holds(read_leaf(entry.leaf).content_digest, entry.salt, entry.detail)


async def test_a_batch_is_appended_in_order_signed_once_and_receipted(database: Database, signing: Signer) -> None:
    first, second = decided(permitted(), refused()), decided()
    await feed(database, signing, received([first, second]))

    (message,) = await messages(database)
    ensure_holds(message, signing)
    assert (message.first_index, message.size) == (0, 2)
    assert [entry.index for entry in message.entries] == [0, 1]
    leaves = [read_leaf(entry.leaf) for entry in message.entries]
    assert [leaf.share_id for leaf in leaves if isinstance(leaf, ShareLeaf)] == [d.share_id for d in first.decisions]
    assert message.entries[0].detail is not None
    assert message.entries[0].detail["content"] == first.decisions[0].content
    assert message.entries[0].source_sees_recipient is True
    async with database.session() as session:
        bodies = await rows(session, "SELECT body FROM outbox WHERE topic = 'share-receipts' ORDER BY id")
        assert await rows(session, "SELECT size, batches FROM log_state") == [(2, 1)]
        assert await rows(session, "SELECT version FROM log_batch") == [(1,)]
    receipts = [ShareReceiptedV1.model_validate_json(bytes(body)) for (body,) in bodies]
    assert [(r.offer_id, r.permitted, r.refused, r.index) for r in receipts] == [
        (first.offer_id, 1, 1, 0),
        (second.offer_id, 0, 0, None),
    ]
    assert [(r.permitted_to, r.refused_to) for r in receipts] == [
        tuple((d.recipient,) for d in first.decisions),
        ((), ()),
    ]


async def test_the_same_entries_again_in_another_order_change_nothing(database: Database, signing: Signer) -> None:
    events = received([decided(permitted()), decided(refused()), decided(permitted(), permitted("yot-northtown"))])
    await feed(database, signing, events)
    before = await messages(database)
    await feed(database, signing, events[::-1])
    await feed(database, signing, [events[1], *received([decided(permitted())])])

    after = await messages(database)
    assert after[0] == before[0]
    assert [(m.first_index, m.size) for m in after] == [(0, 4), (4, 5)]
    for message in after:
        ensure_holds(message, signing)


async def test_a_crash_before_the_commit_leaves_no_trace_and_no_gap(database: Database, signing: Signer) -> None:
    class Crash(Exception):
        pass

    async def feed_and_crash() -> None:
        async with database.transaction() as session:
            await appending(signing)(session, events)
            raise Crash

    events = received([decided(permitted())])
    with pytest.raises(Crash):
        await feed_and_crash()
    async with database.session() as session:
        for table in ("log_state", "log_entry", "log_dedup", "log_batch", "log_turn", "log_detail", "subject_key"):
            assert await rows(session, f"SELECT count(*) FROM {table}") == [(0,)]
        assert await rows(session, "SELECT count(*) FROM outbox") == [(0,)]
    await feed(database, signing, events)
    assert [(m.first_index, m.size) for m in await messages(database)] == [(0, 1)]


async def test_a_message_is_as_heavy_as_it_may_be_whatever_alphabet_its_content_is_in(
    database: Database, signing: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = 100_000
    monkeypatch.setattr(sequencer, "MAX_BATCH_BYTES", limit)
    for letter in "a€\N{GRINNING FACE}":
        said = {"text": letter * (30_000 // len(letter.encode()))}
        await feed(database, signing, received([decided(*(permitted(content=said) for _ in range(8)))]))
    async with database.session() as session:
        bodies = await rows(session, "SELECT body FROM outbox WHERE topic = 'share-log' ORDER BY version")
    weights = [len(body) for (body,) in bodies]
    assert limit / 2 < min(weights)
    assert max(weights) <= limit


async def test_many_sequencers_at_once_make_one_log(audit_database: TestDatabase, signing: Signer) -> None:
    databases = [Database(audit_database.url) for _ in range(3)]
    shared = received([decided(permitted()) for _ in range(5)])

    async def one(database: Database) -> None:
        for step in range(5):
            await feed(database, signing, [shared[step], *received([decided(permitted(), refused())])])

    await asyncio.gather(*(one(database) for database in databases))
    log = await messages(databases[0])
    assert [m.first_index for m in log] == [0, *(m.size for m in log[:-1])]
    assert log[-1].size == 3 * 5 * 2 + 5
    for message in log:
        ensure_holds(message, signing)
    async with databases[0].session() as session:
        assert await rows(session, "SELECT min(log_index), max(log_index), count(*) FROM log_entry") == [(0, 34, 35)]
        assert await rows(
            session,
            "SELECT count(*) FROM outbox o JOIN log_batch b USING (event_id) WHERE o.version = b.version",
        ) == [(15,)]
    for database in databases:
        await database.close()


async def test_a_batch_is_cut_at_256_entries(database: Database, signing: Signer) -> None:
    offer = decided(*(refused() for _ in range(258)))
    async with database.transaction() as session:
        await append(session, drafts_of("e", offer), signer=signing, now=AT)
    log = await messages(database)
    assert [(m.first_index, m.size) for m in log] == [(0, 256), (256, 258)]
    for message in log:
        ensure_holds(message, signing)


async def test_a_leaf_holds_nothing_that_names_a_person(database: Database, signing: Signer) -> None:
    consent = "018f0000-0000-7000-8000-00000000c0de"
    offer = decided(
        permitted(
            basis="consent", consent_id=consent, requested_by="j.doe@police", justification="found on the bridge"
        ),
        person_id="018f0000-0000-7000-8000-0000000000aa",
        subject_ref="018f0000-0000-7000-8000-0000000000bb",
        offer_id="018f0000-0000-7000-8000-0000000000cc",
    )
    await feed(database, signing, received([offer]))
    async with database.session() as session:
        ((leaf_text,),) = await rows(session, "SELECT leaf FROM log_entry")
        ((key,),) = await rows(session, f"SELECT key FROM subject_key WHERE ref = 'person:{offer.person_id}'")
    assert isinstance(leaf_text, str)
    for secret in (consent, "j.doe", "bridge", offer.person_id, offer.subject_ref, offer.offer_id, "2026-12-04"):
        assert secret not in leaf_text
    leaf = read_leaf(leaf_text)
    assert isinstance(leaf, ShareLeaf)
    assert leaf.person == tag(bytes(key), "person", offer.person_id)
    assert leaf.subject == tag(bytes(key), "subject", offer.subject_ref)
    assert leaf.consent == tag(bytes(key), "consent", consent)


async def test_erasing_keys_and_details_leaves_every_signature_valid(database: Database, signing: Signer) -> None:
    await feed(database, signing, received([decided(permitted(), refused())]))
    async with database.transaction() as session:
        await session.execute(text("DELETE FROM log_detail"))
        await session.execute(text("DELETE FROM subject_key"))
    async with database.session() as session:
        ((first, size, key_id, signature),) = await rows(
            session, "SELECT first_index, size, key_id, signature FROM log_batch"
        )
        entries = await rows(session, "SELECT leaf, encode(leaf_hash, 'hex') FROM log_entry ORDER BY log_index")
    assert size == len(entries) == 2
    assert all(leaf_holds(leaf, hashed) for leaf, hashed in entries)
    assert batch_holds(
        signing.verifier,
        log=signing.log,
        first_index=first,
        leaf_hashes=[hashed for _, hashed in entries],
        key_id=key_id,
        signature=signature,
    )


async def test_a_list_of_near_misses_that_is_too_long_is_cut_with_its_count(
    database: Database, signing: Signer
) -> None:
    decision = refused()
    (miss,) = decision.near_misses
    await feed(database, signing, received([decided(decision.model_copy(update={"near_misses": (miss,) * 2_000}))]))
    (message,) = await messages(database)
    leaf = read_leaf(message.entries[0].leaf)
    assert isinstance(leaf, ShareLeaf)
    assert len(message.entries[0].leaf.encode()) <= 65_535
    assert 0 < len(leaf.near_misses) < 2_000
    assert len(leaf.near_misses) + leaf.near_misses_cut == 2_000


async def test_nobody_can_change_remove_or_empty_the_log(audit_database: TestDatabase, signing: Signer) -> None:
    database = Database(audit_database.url)
    await feed(database, signing, received([decided(permitted())]))
    await database.close()
    with psycopg.connect(audit_database.owner_url, autocommit=True) as owner:
        owner.execute("SELECT log_open_partition(2)")
        partitions = [
            name
            for (name,) in owner.execute(
                "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'log_entry'::regclass"
            )
        ]
        assert len(partitions) == 3
        for number in range(1, 3):
            owner.execute(
                f"INSERT INTO log_entry SELECT {number}::bigint * 10000000, kind, share_id, person, source, recipient,"
                " category, purpose, decision, basis, clause, reason, member, ends, decided_at, recorded_at, leaf,"
                " leaf_hash FROM log_entry WHERE log_index = 0"
            )
    for url in (audit_database.owner_url, audit_database.url):
        with psycopg.connect(url, autocommit=True) as connection:
            for table in ("log_entry", *partitions, "log_dedup", "log_batch", "log_turn"):
                column = {"log_dedup": "entry_id", "log_batch": "signature", "log_turn": "signature"}.get(table, "leaf")
                for statement in (
                    f"UPDATE {table} SET {column} = 'x'",
                    f"DELETE FROM {table}",
                    f"TRUNCATE {table} CASCADE",
                ):
                    with pytest.raises((psycopg.errors.RestrictViolation, psycopg.errors.InsufficientPrivilege)) as no:
                        connection.execute(statement)
                    if url == audit_database.owner_url:
                        assert no.type is psycopg.errors.RestrictViolation, statement
    with psycopg.connect(audit_database.owner_url) as owner:
        assert owner.execute("SELECT count(*) FROM log_entry").fetchone() == (3,)
