"""Deliveries, open claims, merged persons: what the auditor asks about that changes. Beside the log, never for it."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from audit.models import Claim, DeliveryRow, PersonAlias
from contracts.access import DeliveryRecordedV1
from contracts.caseload import PersonMergedV1, PersonUnmergedV1
from contracts.consent import InvolvementNotedV1


async def note_delivery(session: AsyncSession, event: DeliveryRecordedV1) -> None:
    """First delivery and first acknowledgement of each share stand; later ones change nothing."""
    if not event.deliveries:
        return
    rows: dict[str, dict[str, object]] = {}
    for delivery in event.deliveries:
        row = rows.setdefault(delivery.share_id, {"share_id": delivery.share_id, "agency": event.agency})
        row["delivered_at"] = row.get("delivered_at") or delivery.delivered_at
        row["acknowledged_at"] = row.get("acknowledged_at") or delivery.acknowledged_at
    statement = insert(DeliveryRow)
    first = {name: text(f"coalesce(delivery.{name}, excluded.{name})") for name in ("delivered_at", "acknowledged_at")}
    await session.execute(statement.on_conflict_do_update(index_elements=["share_id"], set_=first), list(rows.values()))


async def note_involvement(session: AsyncSession, event: InvolvementNotedV1, *, index: int) -> None:
    """The newest state of an involvement; `index` is that of its entry."""
    values = {
        "person_id": event.person_id,
        "agency": event.agency,
        "state": event.state.value,
        "roles": list(event.roles),
        "via": event.via,
        "member": event.member,
        "since": event.since,
        "log_index": index,
    }
    statement = insert(Claim).values(involvement_id=event.involvement_id, **values)
    await session.execute(statement.on_conflict_do_update(index_elements=["involvement_id"], set_=values))


async def note_merge(session: AsyncSession, event: PersonMergedV1) -> None:
    """What was appended under the removed id is from now on found under the kept one too."""
    await _note_alias(session, event.removed_id, event.kept_id, event.at)


async def note_unmerge(session: AsyncSession, event: PersonUnmergedV1) -> None:
    """The removed id stands for itself again, whoever it was found under: the event names whom that is part of now."""
    await _note_alias(session, event.removed_id, None, event.at)


async def _note_alias(session: AsyncSession, number: str, kept: str | None, at: datetime) -> None:
    """The latest holds, by the instant that caseload gave it: merges and undoings have streams of their own."""
    statement = insert(PersonAlias).values(removed_id=number, kept_id=kept, merged_or_parted_at=at)
    news = text("coalesce(person_alias.merged_or_parted_at <= excluded.merged_or_parted_at, true)")
    set_ = {"kept_id": statement.excluded.kept_id, "merged_or_parted_at": statement.excluded.merged_or_parted_at}
    await session.execute(statement.on_conflict_do_update(index_elements=["removed_id"], set_=set_, where=news))
