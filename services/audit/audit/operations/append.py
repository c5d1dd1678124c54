"""The sequencer: the only place where the log grows.

Invariant: whoever appends holds the log's row in `log_state` until the commit, so one order, no gap and no fork,
however many processes append. Entries, dedup, details, keys, batch, signature, state and outbox become true together;
an entry id that is in the log already is not appended again.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from audit.domain.drafts import Draft, ShareDraft, detail_of, iso, leaf_of, person_ref, refs_of
from audit.models import PARTITION_SIZE
from audit.operations.erasure import erased_of
from audit.operations.messages import WITH_DETAIL, batch_of
from audit.operations.turns import note_turn
from audit.signing import Signer
from chassis import outbox
from contracts.log_leaf import Leaf, ShareLeaf
from contracts.log_proof import canonical, digest_of, leaf_hash

MAX_BATCH = 256
"""Entries under one signature, in one message: the projector shows a message whole, and a withdrawal waits for two."""
MAX_BATCH_BYTES = 8 * 1024 * 1024
"""Bytes of one share-log message, about; the broker takes twice that."""
SALT_BYTES = 16
KEY_BYTES = 32


class LogForked(Exception):
    """The log is not as long as it was when its row was locked: something wrote past the sequencer."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A draft with its place, its leaf and its detail; `detail_text` is canonical, `salt` and `leaf_hash` hex.

    `kept` is false where the person was erased: salt and detail are thrown away.
    """

    index: int
    draft: Draft
    leaf: Leaf
    leaf_text: str
    leaf_hash: str
    salt: str
    detail: dict[str, Any]
    detail_text: str
    kept: bool


async def append(session: AsyncSession, drafts: Sequence[Draft], *, signer: Signer, now: datetime) -> dict[str, int]:
    """Appends what is not in the log yet, in the order given; returns the index of every draft by its entry id."""
    if not drafts:
        return {}
    size, batches = await _lock(session, signer.log)
    known = await _known(session, [draft.entry_id for draft in drafts])
    fresh = list({draft.entry_id: draft for draft in drafts if draft.entry_id not in known}.values())
    if not fresh:
        return known
    erased = await erased_of(session, [draft.person_id for draft in fresh if draft.person_id])
    keys = {person_ref(each): os.urandom(KEY_BYTES) for each in erased}
    keys |= await _keys(session, sorted({ref for draft in fresh for ref in refs_of(draft)} - keys.keys()))
    recorded_at = iso(now)
    entries = [
        _entry(size + place, draft, keys, recorded_at, kept=draft.person_id not in erased)
        for place, draft in enumerate(fresh)
    ]
    new_size = size + len(entries)
    await _open_partitions(session, size, new_size)
    await _copy(session, entries, now)
    for batch in _batches(entries):
        batches += 1
        await _sign_and_send(session, batch, version=batches, signer=signer, now=now)
    await _swap(session, signer.log, size, new_size, batches)
    return known | {entry.draft.entry_id: entry.index for entry in entries}


def _entry(index: int, draft: Draft, keys: dict[str, bytes], recorded_at: str, *, kept: bool) -> Entry:
    salt = os.urandom(SALT_BYTES).hex()
    detail = detail_of(draft)
    canonical_detail = canonical(detail)
    leaf, leaf_text = leaf_of(draft, digest=digest_of(salt, canonical_detail), keys=keys, recorded_at=recorded_at)
    return Entry(
        index=index,
        draft=draft,
        leaf=leaf,
        leaf_text=leaf_text,
        leaf_hash=leaf_hash(leaf_text.encode()),
        salt=salt,
        detail=detail,
        detail_text=canonical_detail.decode(),
        kept=kept,
    )


def _batches(entries: Sequence[Entry]) -> list[list[Entry]]:
    """Cut so that no signed batch has more than MAX_BATCH entries or, unless it has one alone, MAX_BATCH_BYTES."""
    batches: list[list[Entry]] = []
    room = 0
    for entry in entries:
        weight = 512 + len(entry.leaf_text.encode()) * 5 // 4 + len(entry.detail_text.encode())
        if not batches or weight > room or len(batches[-1]) == MAX_BATCH:
            batches.append([])
            room = MAX_BATCH_BYTES
        batches[-1].append(entry)
        room -= weight
    return batches


async def _lock(session: AsyncSession, log: str) -> tuple[int, int]:
    """Takes the log's row until the commit; returns its size and number of batches."""
    locked = text("SELECT size, batches FROM log_state WHERE log = :log FOR UPDATE")
    row = (await session.execute(locked, {"log": log})).one_or_none()
    if row is None:
        await session.execute(
            text("INSERT INTO log_state (log, size, batches) VALUES (:log, 0, 0) ON CONFLICT DO NOTHING"), {"log": log}
        )
        row = (await session.execute(locked, {"log": log})).one()
    return int(row[0]), int(row[1])


async def _swap(session: AsyncSession, log: str, old: int, new: int, batches: int) -> None:
    swapped = await session.execute(
        text(
            "UPDATE log_state SET size = :new, batches = :batches"
            " WHERE log = :log AND size = :old AND batches < :batches RETURNING size"
        ),
        {"log": log, "old": old, "new": new, "batches": batches},
    )
    if swapped.one_or_none() is None:
        raise LogForked


async def _known(session: AsyncSession, entry_ids: list[str]) -> dict[str, int]:
    rows = await session.execute(
        text("SELECT entry_id, log_index FROM log_dedup WHERE entry_id = ANY(:ids)"), {"ids": entry_ids}
    )
    return {entry_id: int(index) for entry_id, index in rows}


async def _keys(session: AsyncSession, refs: list[str]) -> dict[str, bytes]:
    """The keys of these people, made where there is none; the log's row lock keeps two from being made."""
    if not refs:
        return {}
    rows = await session.execute(text("SELECT ref, key FROM subject_key WHERE ref = ANY(:refs)"), {"refs": refs})
    keys = {ref: bytes(key) for ref, key in rows}
    made = {ref: os.urandom(KEY_BYTES) for ref in refs if ref not in keys}
    if made:
        await session.execute(
            text(
                "INSERT INTO subject_key (ref, key) SELECT * FROM unnest(CAST(:refs AS text[]), CAST(:keys AS bytea[]))"
            ),
            {"refs": list(made), "keys": list(made.values())},
        )
    return keys | made


async def _open_partitions(session: AsyncSession, size: int, new_size: int) -> None:
    """One partition is always ready ahead of the one that is written."""
    if size // PARTITION_SIZE != new_size // PARTITION_SIZE:
        await session.execute(
            text("SELECT log_open_partition(CAST(:number AS int))"), {"number": new_size // PARTITION_SIZE + 1}
        )


_ENTRY_COLUMNS = (
    "log_index, kind, share_id, person, source, recipient, category, purpose, decision, basis, clause, reason, member,"
    " ends, decided_at, recorded_at, leaf, leaf_hash"
)


async def _copy(session: AsyncSession, entries: Sequence[Entry], now: datetime) -> None:
    connection = await (await session.connection()).get_raw_connection()
    driver = connection.driver_connection
    assert driver is not None
    async with driver.cursor() as cursor:
        async with cursor.copy(f"COPY log_entry ({_ENTRY_COLUMNS}) FROM STDIN") as copy:
            for entry in entries:
                await copy.write_row(_entry_row(entry, now))
        async with cursor.copy("COPY log_dedup (entry_id, log_index) FROM STDIN") as copy:
            for entry in entries:
                await copy.write_row((entry.draft.entry_id, entry.index))
        async with cursor.copy("COPY log_detail (log_index, salt, person_id, subject_ref, detail) FROM STDIN") as copy:
            for entry in entries:
                if entry.kept:
                    await copy.write_row(_detail_row(entry))


def _entry_row(entry: Entry, now: datetime) -> tuple[object, ...]:
    leaf, hashed = entry.leaf, bytes.fromhex(entry.leaf_hash)
    if isinstance(leaf, ShareLeaf):
        assert isinstance(entry.draft, ShareDraft)
        member = bytes.fromhex(leaf.requested_by) if leaf.requested_by else None
        decided_at = entry.draft.decision.decided_at
        found = (leaf.recipient, leaf.category, leaf.purpose, leaf.decision, leaf.basis, leaf.clause, leaf.reason)
        return (
            *(entry.index, leaf.kind, leaf.share_id, bytes.fromhex(leaf.person), leaf.source),
            *found,
            *(member, leaf.ends, decided_at, now, entry.leaf_text, hashed),
        )
    assert not isinstance(entry.draft, ShareDraft)
    person = bytes.fromhex(leaf.person) if leaf.person else None
    member = bytes.fromhex(leaf.member) if leaf.member else None
    return (
        *(entry.index, leaf.kind, None, person, leaf.agency),
        *(None,) * 7,
        *(member, None, entry.draft.at, now, entry.leaf_text, hashed),
    )


def _detail_row(entry: Entry) -> tuple[object, ...]:
    subject = entry.detail.get("subject_ref")
    return (entry.index, bytes.fromhex(entry.salt), entry.draft.person_id, subject, entry.detail_text)


async def _sign_and_send(
    session: AsyncSession, batch: Sequence[Entry], *, version: int, signer: Signer, now: datetime
) -> None:
    first = batch[0].index
    signature = signer.sign(first_index=first, leaf_hashes=[entry.leaf_hash for entry in batch])
    key_id, turn_signature = signer.verifier.key_id, signer.sign_turn(version=version, signature=signature)
    message = batch_of(
        log=signer.log,
        first_index=first,
        rows=[
            (e.index, e.leaf.kind, e.leaf_text, e.leaf_hash, e.detail if _travels(e) else None, e.salt, now)
            for e in batch
        ],
        key_id=key_id,
        signature=signature,
        turn_signature=turn_signature,
    )
    event_id = await outbox.emit(session, message, now=now)
    await note_turn(session, version, turn_signature)
    await session.execute(
        text(
            "INSERT INTO log_batch (version, first_index, size, key_id, signature, event_id, appended_at)"
            " VALUES (:version, :first, :size, :key_id, :signature, :event_id, :now)"
        ),
        {
            "version": version,
            "first": first,
            "size": first + len(batch),
            "key_id": key_id,
            "signature": signature,
            "event_id": event_id,
            "now": now,
        },
    )


def _travels(entry: Entry) -> bool:
    """Whether gateways are given the detail: of a share what it shows, of an erasure what to forget."""
    return entry.kept and entry.leaf.kind in WITH_DETAIL
