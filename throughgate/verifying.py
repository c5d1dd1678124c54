"""Reading the whole share log and checking it with the public key alone: which entry was changed, removed or moved.

Until the log is a Merkle tree with witnesses, whoever can also sign may cut its end off unseen; all else is noticed.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from contracts.log_proof import VerifierKey, batch_holds, leaf_holds, parse_verifier_key

_BATCHES = "SELECT first_index, size, key_id, signature FROM log_batch ORDER BY first_index"
_ENTRIES = (
    "SELECT log_index, leaf, leaf_hash FROM log_entry WHERE log_index >= %s AND log_index < %s ORDER BY log_index"
)


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
    """Checks every batch and every entry, one batch in memory at a time."""
    findings: list[Finding] = []
    entries = batches = expected = 0
    for first, size, key_id, signature in connection.execute(_BATCHES).fetchall():
        if first != expected:
            findings.append(Finding(expected, "a batch is missing or out of place"))
        rows = connection.execute(_ENTRIES, (first, size)).fetchall()
        by_index = {index: (leaf, bytes(digest)) for index, leaf, digest in rows}
        for index in range(first, size):
            if index not in by_index:
                findings.append(Finding(index, "the entry is missing"))
            elif not leaf_holds(by_index[index][0], by_index[index][1].hex()):
                findings.append(Finding(index, "the entry's text is not what was hashed"))
        hashes = [by_index[index][1].hex() for index in range(first, size) if index in by_index]
        if not batch_holds(key, log=key.log, first_index=first, leaf_hashes=hashes, key_id=key_id, signature=signature):
            findings.append(Finding(first, f"the signature over entries {first} to {size - 1} does not hold"))
        entries += len(rows)
        batches += 1
        expected = size
    return Verified(entries, batches, tuple(findings))
