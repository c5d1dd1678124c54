"""Receivers keep their own entries of the directory."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth import Actor
from contracts.codes import RECEIVING
from contracts.errors import NotFound, NotPermitted
from referral.models import ServiceRow


class ReceivesNothing(NotPermitted):
    """Agencies of this kind receive no referrals, and so keep no services."""

    code: ClassVar[str] = "receives-no-referrals"


class NotYourService(NotFound):
    """There is no such service of yours."""


async def put_service(
    session: AsyncSession,
    *,
    service_id: str,
    said: dict[str, Any],
    ensure: Callable[[int | None], None],
    actor: Actor,
    now: datetime,
) -> tuple[ServiceRow, bool]:
    """Adds or replaces an entry; True if it is new. Raises ReceivesNothing, NotYourService, and what `ensure` does."""
    if actor.kind not in RECEIVING:
        raise ReceivesNothing
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"service {service_id}", 0))))
    found = await session.scalars(
        select(ServiceRow).where(ServiceRow.service_id == service_id).with_for_update()  # type: ignore[arg-type]
    )
    row = found.one_or_none()
    if row is not None and row.agency != actor.agency:
        raise NotYourService
    ensure(row.version if row else None)
    is_new = row is None
    if row is None:
        row = ServiceRow(service_id=service_id, agency=actor.agency, version=0, changed_at=now, **said)
        session.add(row)
    for name, value in said.items():
        setattr(row, name, value)
    row.version += 1
    row.changed_at = now
    await session.flush()
    return row, is_new
