"""Puts the share log's messages into the outbox again, as they were: versions, indexes, signatures.

Invariant: what is replayed verifies as the first sending did. A share whose detail was erased comes without it.
"""

import json
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from audit.operations.messages import Row, batch_of
from chassis import outbox

_BATCHES = text(
    "SELECT version, first_index, size, key_id, b.signature, t.signature, event_id"
    " FROM log_batch b LEFT JOIN log_turn t USING (version)"
    " WHERE version > :after AND appended_at >= coalesce(CAST(:since AS timestamptz), '-infinity')"
    " ORDER BY version LIMIT :limit"
)
_ENTRIES = text(
    "SELECT e.log_index, e.kind, e.leaf, encode(e.leaf_hash, 'hex'), d.detail, encode(d.salt, 'hex'), e.recorded_at"
    " FROM log_entry e LEFT JOIN log_detail d ON d.log_index = e.log_index AND e.kind IN ('share', 'erasure')"
    " WHERE e.log_index >= :first AND e.log_index < :size ORDER BY e.log_index"
)


async def replay_share_log(
    session: AsyncSession, *, now: datetime, after: int = 0, since: datetime | None = None, limit: int = 100
) -> list[int]:
    """Puts up to `limit` batches again, oldest first; returns their versions, none when all are done.

    Call it again with `after` set to the last of them, each time in a transaction of its own.
    """
    log = str(await session.scalar(text("SELECT log FROM log_state")))
    batches = (await session.execute(_BATCHES, {"after": after, "since": since, "limit": limit})).all()
    for version, first, size, key_id, signature, turn, event_id in batches:
        rows = [_row(*row) for row in await session.execute(_ENTRIES, {"first": first, "size": size})]
        message = batch_of(
            log=log, first_index=first, rows=rows, key_id=key_id, signature=signature, turn_signature=turn
        )
        await outbox.put_again(session, message, version=version, event_id=event_id, now=now)
    return [int(batch[0]) for batch in batches]


def _row(index: int, kind: str, leaf: str, leaf_hash: str, detail: str | None, salt: str | None, at: datetime) -> Row:
    return (index, kind, leaf, leaf_hash, json.loads(detail) if detail else None, salt, at)
