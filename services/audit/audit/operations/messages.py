"""The share-log message of a batch, the same from memory when it is appended and from the tables when it is replayed.

Invariant: details travel with shares and erasures alone; a share whose detail was erased travels without, and still
verifies.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from contracts.codes import EntryKind
from contracts.log import LogAppendedV1, LogEntry

WITH_DETAIL = frozenset({EntryKind.SHARE, EntryKind.ERASURE})
"""Kinds of entries whose details a gateway is given."""

Row = tuple[int, str, str, str, dict[str, Any] | None, str | None, datetime]
"""index, kind, leaf, leaf hash (hex), detail or None, salt (hex) or None, recorded at"""


def batch_of(
    *, log: str, first_index: int, rows: Iterable[Row], key_id: str, signature: str, turn_signature: str | None
) -> LogAppendedV1:
    """Built without validation: every value comes from this service's own leaves."""
    entries = tuple(
        LogEntry.model_construct(
            index=index,
            kind=EntryKind(kind),
            leaf=leaf,
            leaf_hash=leaf_hash,
            detail=detail,
            salt=salt if detail is not None else None,
            source_sees_recipient='"source_sees_recipient":true' in leaf,
            at=at,
        )
        for index, kind, leaf, leaf_hash, detail, salt, at in rows
    )
    return LogAppendedV1.model_construct(
        log=log,
        first_index=first_index,
        size=first_index + len(entries),
        entries=entries,
        key_id=key_id,
        signature=signature,
        turn_signature=turn_signature,
    )
