"""Showing what the log permits and hiding what was denied: one batch of messages, one transaction.

Invariant: this is the only writer of feeds, views and ledgers, and it writes them from a board alone.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

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
from gateway.domain.proof import Doubt, believe
from gateway.domain.shares import Erased, NotJustified, Proven, Share
from gateway.operations import board_rows
from gateway.operations.erasing import erase, erased_of
from gateway.queries import stored

log = logging.get(__name__)

_PROGRESS = text(
    "INSERT INTO progress VALUES (:log, :size) ON CONFLICT (log) DO UPDATE"
    " SET size = greatest(progress.size, EXCLUDED.size)"
)

_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(7468726373)")
"""A denial and the share it denies never pass each other unseen: each transaction sees all of the other or none."""


Step = Proven | ShareDeniedV1
Showing = Share | NotJustified | ShareDeniedV1
"""A step that a board takes; erasures are done by themselves, in their place between the others."""


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
    steps: list[Step] = []
    for message in messages:
        if isinstance(message.data, LogAppendedV1):
            believed = believe(message.data, key=key)
            doubts += believed.doubts
            steps += believed.proven
        elif isinstance(message.data, ShareDeniedV1):
            steps.append(message.data)
    await session.execute(_ONE_AT_A_TIME)
    shown = hidden = 0
    for erasure, run in groupby(steps, key=lambda step: isinstance(step, Erased)):
        if erasure:
            for step in run:
                assert isinstance(step, Erased)
                await erase(session, step, now=now)
            continue
        changes = await _show(session, [step for step in run if not isinstance(step, Erased)], doubts, now)
        shown, hidden = shown + sum(changes.shares.values()), hidden + sum(changes.hidden.values())
    await _note_progress(session, messages)
    for doubt in doubts:
        log.error("projector.entry_hidden", index=doubt.index, code=doubt.why)
    return Projected(shown, hidden, tuple(doubts))


async def _show(session: AsyncSession, steps: Sequence[Showing], doubts: list[Doubt], now: datetime) -> Changes:
    """Shows and hides on one board what comes between two erasures."""
    board = Board()
    about = {step.detail.person_id for step in steps if isinstance(step, Share) and step.detail}
    erased = await erased_of(session, about)
    steps = [_unless_erased(step, erased) for step in steps]
    await _fill(session, board, steps)
    for step in steps:
        if isinstance(step, ShareDeniedV1):
            apply_denial(board, step)
        elif (why := apply(board, step)) not in (None, "seen"):
            doubts.append(Doubt(step.place.index, str(why)))
    await board_rows.write(session, board.changes, now=now)
    return board.changes


def _unless_erased(step: Showing, erased: Collection[str]) -> Showing:
    """A share of somebody who was erased comes as if its detail were gone: it ends what it ends, and shows nothing."""
    if isinstance(step, Share) and step.detail is not None and step.detail.person_id in erased:
        return replace(step, detail=None)
    return step


async def _fill(session: AsyncSession, board: Board, steps: Iterable[Showing]) -> None:
    """Read what is stored about the subjects that these steps touch."""
    subjects: set[tuple[str, str, str]] = set()
    told: set[tuple[str, str, str, str]] = set()
    shares: set[tuple[str, str]] = set()
    for step in steps:
        if isinstance(step, ShareDeniedV1):
            shares |= {(share.recipient, share.share_id) for share in step.shares}
            continue
        shares.add((step.recipient, step.share_id))
        if isinstance(step, NotJustified):
            shares.add((step.source, step.share_id))
            continue
        if step.ends:
            shares.add((step.recipient, step.ends))
        if step.detail:
            subjects.add((step.recipient, step.category, step.detail.subject_ref))
            told.add((step.source, step.category, step.detail.subject_ref, step.recipient))
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
