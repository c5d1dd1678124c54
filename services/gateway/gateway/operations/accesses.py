"""An agency's looks at people, recorded in the gateway's outbox before the answer goes out."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.outbox import emit
from contracts.access import AccessRecordedV1


async def record_access(
    session: AsyncSession,
    *,
    access_id: str,
    agency: str,
    member: str | None,
    route: str,
    person_id: str | None,
    count: int | None,
    now: datetime,
) -> None:
    """One look. `route` is the route's template, never a path with values."""
    event = AccessRecordedV1(
        access_id=access_id, agency=agency, member=member, route=route, person_id=person_id, count=count, at=now
    )
    await emit(session, event, now=now)
