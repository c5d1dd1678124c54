"""Screening requests as one agency has them: those it sent, and those that came to it."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth import Actor
from contracts.codes import ReferralRole
from contracts.errors import NotFound
from contracts.screening import ScreeningState
from referral.models import ScreeningRow

SENDER, RECEIVER = ReferralRole.SENDER, ReferralRole.RECEIVER
_LISTED = """
SELECT screening_id FROM screening
WHERE {side} = :agency {more}
  AND (CAST(:state AS text) IS NULL OR {side}_state = :state)
  AND (CAST(:person AS text) IS NULL OR person_id = :person)
  AND (CAST(:after AS text) IS NULL OR screening_id < :after)
ORDER BY screening_id DESC LIMIT :limit
"""
_SENT = text(_LISTED.format(side="sender", more=""))
_RECEIVED = text(_LISTED.format(side="receiver", more="AND received_at IS NOT NULL"))


class NoSuchScreening(NotFound):
    """There is no such screening request that is yours to see."""


@dataclass(frozen=True)
class Asked:
    """Which requests are asked for; None asks nothing."""

    agency: str
    role: ReferralRole
    state: ScreeningState | None = None
    person_id: str | None = None


async def find(session: AsyncSession, screening_id: str) -> ScreeningRow:
    """The request as it stands in the database now. Raises NoSuchScreening."""
    row = await session.get(ScreeningRow, screening_id, populate_existing=True)
    if row is None:
        raise NoSuchScreening
    return row


def role_of(row: ScreeningRow, actor: Actor) -> ReferralRole:
    """Raises NoSuchScreening for who is neither end, and for a receiver before the share is in the log."""
    if actor.agency == row.sender:
        return SENDER
    if actor.agency == row.receiver and row.received_at is not None:
        return RECEIVER
    raise NoSuchScreening


async def listed(session: AsyncSession, *, asked: Asked, limit: int, after: str | None) -> list[ScreeningRow]:
    """Newest first."""
    values: dict[str, Any] = {"agency": asked.agency, "state": asked.state, "person": asked.person_id}
    statement = _SENT if asked.role is SENDER else _RECEIVED
    found = await session.execute(statement, values | {"limit": limit, "after": after})
    ids = list(found.scalars())
    rows = await _of_ids(session, ids)
    return [rows[screening_id] for screening_id in ids]


async def of_receipts(session: AsyncSession, subjects: list[str]) -> dict[str, ScreeningRow]:
    """The requests among these subjects, by id."""
    return await _of_ids(session, subjects) if subjects else {}


async def _of_ids(session: AsyncSession, ids: list[str]) -> dict[str, ScreeningRow]:
    rows = await session.scalars(
        select(ScreeningRow).where(ScreeningRow.screening_id.in_(ids)),  # type: ignore[attr-defined]
        execution_options={"populate_existing": True},
    )
    return {row.screening_id: row for row in rows}
