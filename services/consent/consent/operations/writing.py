"""Writing what was decided: a few statements however many decisions, endings before permits.

At no moment are two permits of one offer version live for one recipient.
"""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncSession

from consent.models import DecisionInputRow, DecisionRow, ReviewRow, ShareRow
from consent.operations.denying import Denied
from contracts.event import EventData

Rows = list[dict[str, Any]]


@dataclass
class Decided:
    """What was decided, to be written in a few statements and told in events."""

    events: list[EventData] = field(default_factory=list)
    denied: list[Denied] = field(default_factory=list)
    """Live shares that end so that their recipients lose them."""
    denials: list[EventData] = field(default_factory=list)
    shares: Rows = field(default_factory=list)
    endings: Rows = field(default_factory=list)
    refusals: Rows = field(default_factory=list)
    reviews: Rows = field(default_factory=list)
    inputs: Rows = field(default_factory=list)
    decisions: Rows = field(default_factory=list)


async def write(session: AsyncSession, decided: Decided) -> None:
    """Endings before permits, so that at no moment two permits are live."""
    await session.flush()
    if decided.endings:
        await session.execute(text(_END), decided.endings)
    if decided.shares:
        await session.execute(insert(ShareRow), decided.shares)
        await session.execute(text(_NO_LONGER_REFUSED), decided.shares)
    if decided.refusals:
        await session.execute(text(_UPSERT_REFUSAL), decided.refusals)
    for table, rows in (
        (ReviewRow, decided.reviews),
        (DecisionInputRow, decided.inputs),
        (DecisionRow, decided.decisions),
    ):
        if rows:
            await session.execute(insert(table), rows)


_END = "UPDATE share SET ended_at = :now, effect = :effect WHERE id = :id"
_NO_LONGER_REFUSED = """
DELETE FROM refusal WHERE category = :category AND subject_ref = :subject_ref AND recipient = :recipient
"""
_UPSERT_REFUSAL = """
INSERT INTO refusal (category, subject_ref, recipient, offer_version, reason, share_id)
VALUES (:category, :subject_ref, :recipient, :version, :reason, :share_id)
ON CONFLICT (category, subject_ref, recipient)
DO UPDATE SET offer_version = EXCLUDED.offer_version, reason = EXCLUDED.reason, share_id = EXCLUDED.share_id
"""
