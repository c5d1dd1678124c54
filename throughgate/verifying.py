"""Reading the whole share log and checking it with the public key alone: which entry was changed, removed or moved.

What an auditor's questions are answered from, the columns beside each entry, is held to what was signed; so are its
detail and the key that its person is found by, as long as they are there. Until the log is a Merkle tree with
witnesses, whoever writes its tables at will may cut its end off unseen, or take a detail away as an erasure would. What
else audit keeps (which numbers are one, claims, deliveries, keys of staff) is not looked at.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from contracts.log_leaf import Leaf, MalformedLeaf, ShareLeaf, read_leaf
from contracts.log_proof import VerifierKey, batch_holds, digest_of, leaf_holds, parse_verifier_key, tag

_BATCHES = "SELECT first_index, size, key_id, signature FROM log_batch ORDER BY first_index"
_COLUMNS = ("source", "recipient", "category", "purpose", "decision", "basis", "clause", "reason", "share_id", "ends")
_ENTRIES = f"""
SELECT log_index, leaf, leaf_hash, kind, encode(person, 'hex'), encode(member, 'hex'), decided_at, {", ".join(_COLUMNS)}
FROM log_entry WHERE log_index >= %s AND log_index < %s ORDER BY log_index
"""  # noqa: S608 - put together from constants
_DETAILS = """
SELECT log_index, encode(salt, 'hex'), detail, person_id, subject_ref, key
FROM log_detail LEFT JOIN subject_key ON ref = 'person:' || person_id WHERE log_index >= %s AND log_index < %s
"""
_UNSIGNED = "SELECT min(log_index) FROM log_entry WHERE log_index >= %s"
_SIZE = "SELECT size FROM log_state WHERE log = %s"
_AT_ONE_MOMENT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"


@dataclass(frozen=True)
class Finding:
    """What is wrong, at which index of the log."""

    index: int
    what: str


@dataclass(frozen=True)
class Verified:
    """The outcome: how much was read, and what does not hold. Nothing found means that every entry is as signed."""

    entries: int
    batches: int
    findings: tuple[Finding, ...]


def read_key(path: Path) -> VerifierKey:
    """The verifier key that audit published. Raises OSError or ValueError."""
    return parse_verifier_key(path.read_text(encoding="utf-8"))


def verify_log(connection: psycopg.Connection[Any], key: VerifierKey) -> Verified:
    """Checks every batch and every entry as of one moment, one batch in memory at a time.

    In a transaction that has begun already it sees what that sees.
    """
    is_idle = connection.info.transaction_status is TransactionStatus.IDLE
    with connection.transaction():
        if is_idle:
            connection.execute(_AT_ONE_MOMENT)
        return _verify(connection, key)


def _verify(connection: psycopg.Connection[Any], key: VerifierKey) -> Verified:
    findings: list[Finding] = []
    entries = batches = expected = 0
    for first, size, key_id, signature in connection.execute(_BATCHES).fetchall():
        if first != expected:
            findings.append(Finding(expected, "a batch is missing or out of place"))
        rows = connection.execute(_ENTRIES, (first, size)).fetchall()
        by_index = {index: (leaf, bytes(digest), columns) for index, leaf, digest, *columns in rows}
        details = {index: beside for index, *beside in connection.execute(_DETAILS, (first, size))}
        wrong = ((index, _wrong(by_index.get(index), details.get(index))) for index in range(first, size))
        findings += [Finding(index, what) for index, what in wrong if what]
        hashes = [by_index[index][1].hex() for index in range(first, size) if index in by_index]
        if not batch_holds(key, log=key.log, first_index=first, leaf_hashes=hashes, key_id=key_id, signature=signature):
            findings.append(Finding(first, f"the signature over entries {first} to {size - 1} does not hold"))
        entries += len(rows)
        batches += 1
        expected = size
    ((unsigned,),) = connection.execute(_UNSIGNED, (expected,)).fetchall()
    if unsigned is not None:
        findings.append(Finding(unsigned, "there are entries that nobody signed"))
    appended = connection.execute(_SIZE, (key.log,)).fetchone()
    if (appended[0] if appended else 0) != expected:
        findings.append(Finding(expected, "the log ends elsewhere than where it was appended to last"))
    return Verified(entries, batches, tuple(findings))


def _wrong(entry: tuple[str, bytes, list[Any]] | None, beside: list[Any] | None) -> str | None:
    """What is wrong with an entry, its columns and what stands beside it included."""
    if entry is None:
        return "the entry is missing"
    text, digest, columns = entry
    if not leaf_holds(text, digest.hex()):
        return "the entry's text is not what was hashed"
    try:
        leaf = read_leaf(text)
        said = _columns_of(leaf)
    except (MalformedLeaf, ValueError):
        return "the entry's text is no entry of a share log"
    if columns != said:
        return "a column says something else than the entry"
    return _wrong_beside(leaf, *beside) if beside else None


def _wrong_beside(
    leaf: Leaf, salt: str, detail: str, person_id: str | None, subject_ref: str | None, key: bytes | None
) -> str | None:
    """What is wrong with the detail of an entry, or with the key that its person is found by."""
    if digest_of(salt, detail.encode()) != leaf.content_digest:
        return "the entry's detail is not what was signed"
    told = json.loads(detail)
    if (person_id, subject_ref) != (told.get("person_id"), told.get("subject_ref")):
        return "a column says something else than the entry's detail"
    if person_id is not None and (key is None or tag(key, "person", person_id) != leaf.person):
        return "the person's key is not the one that the entry was written with"
    return None


def _columns_of(leaf: Leaf) -> list[Any]:
    """What stands beside an entry, in the order in which it is read. Raises ValueError."""
    at = datetime.fromisoformat(leaf.decided_at)
    if isinstance(leaf, ShareLeaf):
        return [leaf.kind, leaf.person, leaf.requested_by, at, *(getattr(leaf, name) for name in _COLUMNS)]
    return [leaf.kind, leaf.person, leaf.member, at, leaf.agency, *(None for _ in _COLUMNS[1:])]
