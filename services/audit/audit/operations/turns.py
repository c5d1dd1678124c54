"""The turns of signed batches: each batch's number in the stream of the log, signed too.

Invariant: a batch has one turn, for ever; audit alone gives it. Whoever may write to the topic can then send a batch
again in its own turn, where it is passed over as seen, and in nobody else's.
"""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from audit.signing import Signer

_NOTE = text("INSERT INTO log_turn (version, signature) VALUES (:version, :signature)")
_WITHOUT = text(
    "SELECT version, signature FROM log_batch"
    " WHERE version < coalesce((SELECT min(version) FROM log_turn), 9223372036854775807)"
    " ORDER BY version DESC LIMIT :limit"
)
"""Downwards from the first that has one: what comes has its own (a foreign key says so), and a start asks one index."""


async def note_turn(session: AsyncSession, version: int, turn_signature: str) -> None:
    """Keeps it for a replay."""
    await session.execute(_NOTE, {"version": version, "signature": turn_signature})


async def sign_turns(session: AsyncSession, signer: Signer, *, limit: int = 1_000) -> int:
    """Gives their turns to up to `limit` batches that have none, as those of a log that was begun when batches alone
    were signed; returns to how many."""
    # Whoever appends or gives turns holds this row until the commit: no batch is given two at once.
    await session.execute(text("SELECT FROM log_state WHERE log = :log FOR UPDATE"), {"log": signer.log})
    batches = (await session.execute(_WITHOUT, {"limit": limit})).all()
    for version, signature in batches:
        await note_turn(session, version, signer.sign_turn(version=version, signature=signature))
    return len(batches)
