"""Entries of the log, by any filter of the auditor, in log order.

Invariant: every filter narrows by an index (tests/integration/audit/test_indexes.py reads the plans).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, false, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from audit.models import DeliveryRow, LogBatch, LogDetail, LogEntryRow
from audit.queries.tags import member_tags, person_tags
from contracts.codes import EntryKind
from contracts.http.audit import AccessFilter, EntryFilter, ShareFilter
from contracts.log_leaf import EventLeaf, ShareLeaf, read_leaf

CLOCKS_DISAGREE = timedelta(days=1)
"""At the very most."""

Conditions = Sequence[ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class Found:
    """An entry as it was read: its leaf, and its detail unless that was erased."""

    index: int
    leaf: ShareLeaf | EventLeaf
    leaf_text: str
    leaf_hash: str
    detail: Mapping[str, Any]
    delivered_at: datetime | None = None
    acknowledged_at: datetime | None = None


_PLAIN = ("source", "recipient", "category", "purpose", "basis", "decision", "clause", "reason")


async def share_conditions(session: AsyncSession, wanted: ShareFilter) -> Conditions:
    """What `GET /shares` narrows by. A person or member without a key matches nothing."""
    found = [col(LogEntryRow.kind) == EntryKind.SHARE.value]
    plain = {name: value for name in _PLAIN if (value := getattr(wanted, name)) is not None}
    found.extend(col(getattr(LogEntryRow, name)) == str(value) for name, value in plain.items())
    if wanted.subject_ref is not None:
        found.append(col(LogDetail.subject_ref) == wanted.subject_ref)
    return [*found, *await _who_and_when(session, wanted)]


async def entry_conditions(session: AsyncSession, wanted: EntryFilter) -> Conditions:
    found = [] if wanted.kind is None else [col(LogEntryRow.kind) == wanted.kind.value]
    if wanted.agency is not None:
        found.append(col(LogEntryRow.source) == wanted.agency)
    return [*found, *await _who_and_when(session, wanted)]


async def access_conditions(session: AsyncSession, wanted: AccessFilter) -> Conditions:
    same = EntryFilter(kind=EntryKind.READ, **wanted.model_dump())
    return await entry_conditions(session, same)


async def _who_and_when(session: AsyncSession, wanted: ShareFilter | EntryFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.person_id is not None:
        found.append(_one_of(col(LogEntryRow.person), await person_tags(session, wanted.person_id)))
    if wanted.member is not None:
        found.append(_one_of(col(LogEntryRow.member), await member_tags(session, wanted.member)))
    if wanted.decided_from is not None:
        found.append(col(LogEntryRow.decided_at) >= wanted.decided_from)
        found.extend(await _not_before(session, wanted.decided_from))
    if wanted.decided_to is not None:
        found.append(col(LogEntryRow.decided_at) < wanted.decided_to)
    return found


async def _not_before(session: AsyncSession, moment: datetime) -> list[ColumnElement[bool]]:
    """What was decided since then is no earlier in the log than what was appended since then: nothing is appended
    before it is decided, but by clocks that disagree. So a question about yesterday does not read the years before."""
    first = await session.scalar(
        select(col(LogBatch.first_index))
        .where(col(LogBatch.appended_at) >= moment - CLOCKS_DISAGREE)
        .order_by(col(LogBatch.appended_at))
        .limit(1)
    )
    return [] if first is None else [col(LogEntryRow.log_index) >= first]


def below(size: int) -> ColumnElement[bool]:
    """As if the log ended at `size`."""
    return col(LogEntryRow.log_index) < size


def _one_of(column: Any, tags: Sequence[bytes]) -> ColumnElement[bool]:
    if not tags:
        return false()
    return column == tags[0] if len(tags) == 1 else column.in_(tags)  # type: ignore[no-any-return]


def entries_statement(conditions: Conditions, *, after: int | None = None, limit: int | None = None) -> Select[Any]:
    """Entries with their details, by log index. A condition on the detail needs the join to be an inner one."""
    of_detail = any("log_detail" in str(condition) for condition in conditions)
    columns: tuple[Any, ...] = (
        col(LogEntryRow.log_index),
        col(LogEntryRow.leaf),
        col(LogEntryRow.leaf_hash),
        col(LogDetail.detail),
    )
    statement: Select[Any] = (
        select(*columns)
        .join(LogDetail, col(LogDetail.log_index) == col(LogEntryRow.log_index), isouter=not of_detail)
        .where(*conditions)
        .order_by(col(LogEntryRow.log_index))
    )
    if after is not None:
        statement = statement.where(col(LogEntryRow.log_index) > after)
    return statement if limit is None else statement.limit(limit)


async def entries(
    session: AsyncSession, conditions: Conditions, *, after: int | None = None, limit: int | None = None
) -> list[Found]:
    rows = await session.execute(entries_statement(conditions, after=after, limit=limit))
    return [_found(*row) for row in rows]


async def disclosed(
    session: AsyncSession, conditions: Conditions, *, after: int | None = None, limit: int | None = None
) -> list[Found]:
    """Shares with what became of them; without a limit all that match."""
    statement = (
        entries_statement(conditions, after=after, limit=limit)
        .add_columns(col(DeliveryRow.delivered_at), col(DeliveryRow.acknowledged_at))
        .join(DeliveryRow, col(DeliveryRow.share_id) == col(LogEntryRow.share_id), isouter=True)
    )
    return [_found(*row) for row in await session.execute(statement)]


async def count(session: AsyncSession, conditions: Conditions) -> int:
    """How many entries match conditions that are none on the detail."""
    return int(await session.scalar(select(func.count()).select_from(LogEntryRow).where(*conditions)) or 0)


async def share(session: AsyncSession, share_id: str) -> Found | None:
    found = await disclosed(session, [col(LogEntryRow.share_id) == share_id])
    return found[0] if found else None


def _found(
    index: int,
    leaf: str,
    leaf_hash: bytes,
    detail: str | None,
    delivered_at: datetime | None = None,
    acknowledged_at: datetime | None = None,
) -> Found:
    return Found(
        index=index,
        leaf=read_leaf(leaf),
        leaf_text=leaf,
        leaf_hash=bytes(leaf_hash).hex(),
        detail=json.loads(detail) if detail else {},
        delivered_at=delivered_at,
        acknowledged_at=acknowledged_at,
    )
