"""Showing what the log permits and hiding what was denied: one batch of messages, one transaction.

Invariant: this is the only writer of feeds, views and ledgers, and it writes them from a board alone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import logging
from chassis.consumer import Received
from contracts.decisions import ShareDeniedV1
from contracts.event import EventData
from contracts.log import LogAppendedV1
from contracts.log_proof import VerifierKey
from gateway.domain.board import Board, Changes
from gateway.domain.projection import apply, apply_denial
from gateway.domain.proof import Believed, Doubt, believe
from gateway.domain.shares import NotJustified, Share
from gateway.operations import board_rows
from gateway.queries import stored

log = logging.get(__name__)

_PROGRESS = text(
    "INSERT INTO progress VALUES (:log, :size) ON CONFLICT (log) DO UPDATE"
    " SET size = greatest(progress.size, EXCLUDED.size)"
)

_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(7468726373)")
"""A denial and the share it denies never pass each other unseen: each transaction sees all of the other or none."""


@dataclass(frozen=True, slots=True)
class Projected:
    """What a batch came to, for the counters."""

    shown: int
    hidden: int
    doubts: tuple[Doubt, ...]


async def project(
    session: AsyncSession, messages: Sequence[Received[EventData]], *, key: VerifierKey, now: datetime
) -> Projected:
    """Apply messages of `share-log` and `share-denials` in the order given. Doubted entries hide themselves alone."""
    doubts: list[Doubt] = []
    steps: list[Believed | ShareDeniedV1] = []
    for message in messages:
        if isinstance(message.data, LogAppendedV1):
            believed = believe(message.data, key=key)
            doubts += believed.doubts
            steps.append(believed)
        elif isinstance(message.data, ShareDeniedV1):
            steps.append(message.data)
    await session.execute(_ONE_AT_A_TIME)
    board = Board()
    await _fill(session, board, steps)
    for step in steps:
        if isinstance(step, ShareDeniedV1):
            apply_denial(board, step)
            continue
        for entry in step.proven:
            if (why := apply(board, entry)) not in (None, "seen"):
                doubts.append(Doubt(entry.place.index, str(why)))
    await board_rows.write(session, board.changes, now=now)
    await _note_progress(session, messages)
    for doubt in doubts:
        log.error("projector.entry_hidden", index=doubt.index, code=doubt.why)
    return _summary(board.changes, doubts)


async def _fill(session: AsyncSession, board: Board, steps: Iterable[Believed | ShareDeniedV1]) -> None:
    """Read what is stored about the subjects that these steps touch."""
    subjects: set[tuple[str, str, str]] = set()
    told: set[tuple[str, str, str, str]] = set()
    shares: set[tuple[str, str]] = set()
    for step in steps:
        if isinstance(step, ShareDeniedV1):
            shares |= {(share.recipient, share.share_id) for share in step.shares}
            continue
        for entry in step.proven:
            shares.add((entry.recipient, entry.share_id))
            if isinstance(entry, NotJustified):
                shares.add((entry.source, entry.share_id))
            elif isinstance(entry, Share):
                if entry.ends:
                    shares.add((entry.recipient, entry.ends))
                if entry.detail:
                    subjects.add((entry.recipient, entry.category, entry.detail.subject_ref))
                    told.add((entry.source, entry.category, entry.detail.subject_ref, entry.recipient))
    subjects |= await stored.subjects_of(session, shares)
    board.fill(
        items=await stored.items(session, subjects),
        visible=await stored.visible(session, subjects),
        denied=await stored.denied(session, {share_id for _, share_id in shares}),
        told=await stored.told(session, told),
    )


async def _note_progress(session: AsyncSession, messages: Sequence[Received[EventData]]) -> None:
    sizes: dict[str, int] = {}
    for message in messages:
        if isinstance(message.data, LogAppendedV1):
            sizes[message.data.log] = max(message.data.size, sizes.get(message.data.log, 0))
    for name, size in sizes.items():
        await session.execute(_PROGRESS, {"log": name, "size": size})


def _summary(changes: Changes, doubts: Sequence[Doubt]) -> Projected:
    return Projected(sum(changes.shares.values()), sum(changes.hidden.values()), tuple(doubts))
