"""What is in the log moves screening requests on: received, awaiting a basis and back, answered, hidden again.

The answer's share moves the side of who asked alone, and is the only thing that brings an answer there. Of two receipts
that pass each other around a merge the one holds that is of what the log said later.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.outbox import emit_all
from contracts.codes import Category
from contracts.event import EventData
from contracts.log import ShareReceiptedV1
from referral.domain.screening import RECEIVER, SENDER, Step
from referral.models import ScreeningRow
from referral.operations.screening import close, step
from referral.queries.screening import of_receipts

ABOUT = frozenset({Category.REFERRAL, Category.KNOWN_TO_SERVICE})


async def note_screenings(session: AsyncSession, receipts: Sequence[ShareReceiptedV1], *, now: datetime) -> None:
    """Applies a run of receipts whose subjects' persons are locked; those of other things do nothing here."""
    about = [receipt for receipt in receipts if receipt.category in ABOUT]
    rows = await of_receipts(session, sorted({receipt.subject_ref for receipt in about}))
    events: list[EventData] = []
    for receipt in about:
        row = rows.get(receipt.subject_ref)
        if row is not None:
            is_request = receipt.category is Category.REFERRAL
            events += _asked(row, receipt, now) if is_request else _told(row, receipt, now)
    if rows:
        await session.flush()
        await emit_all(session, events, now=now)


def _asked(row: ScreeningRow, receipt: ShareReceiptedV1, now: datetime) -> list[EventData]:
    """The request was decided. One that was taken back says nothing."""
    if not row.open or receipt.version < row.request_version or (receipt.index or 0) < (row.request_index or 0):
        return []
    if row.receiver in receipt.permitted_to:
        row.received_at = row.received_at or now
        happened = Step.REACHED
    elif row.receiver in receipt.refused_to:
        happened = Step.REFUSED
    else:
        return []
    row.request_index = receipt.index
    return [*step(row, SENDER, happened, now=now), *step(row, RECEIVER, happened, now=now)]


def _told(row: ScreeningRow, receipt: ShareReceiptedV1, now: datetime) -> list[EventData]:
    """The answer was decided."""
    if (receipt.index or 0) < (row.answer_index or 0) or row.sender not in (*receipt.permitted_to, *receipt.refused_to):
        return []
    row.answer_index = receipt.index
    if row.sender in receipt.permitted_to:
        row.shown_at = row.shown_at or now
        return [*step(row, SENDER, Step.SHOWN, now=now), *([close(row, now=now)] if row.open else [])]
    return step(row, SENDER, Step.HIDDEN, now=now)
