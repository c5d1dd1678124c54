"""An agency's endpoints and what was sent to them, as the agency itself may read it. Secrets are not among it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.domain.webhooks import DeliveryState, Endpoint


@dataclass(frozen=True, slots=True)
class Registered:
    """One endpoint and how it fares."""

    url: str
    registered_at: datetime
    pending: int
    given_up: int
    delivered_at: datetime | None


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """One delivery."""

    endpoint: Endpoint
    message_id: str
    cursor: int | None
    state: DeliveryState
    attempts: int
    status: int | None
    problem: str | None
    made_at: datetime
    tried_at: datetime | None
    next_at: datetime | None


_REGISTERED = """
SELECT w.url, w.registered_at,
    count(*) FILTER (WHERE d.state = 'pending') AS pending,
    count(*) FILTER (WHERE d.state = 'given-up') AS given_up,
    max(d.tried_at) FILTER (WHERE d.state = 'delivered') AS delivered_at
FROM webhook w LEFT JOIN webhook_delivery d ON d.agency = w.agency AND d.endpoint = w.endpoint
WHERE w.agency = :agency AND w.endpoint = :endpoint
GROUP BY w.url, w.registered_at
"""
_DELIVERIES = """
SELECT endpoint, message_id, cursor, state, attempts, status, problem, made_at, tried_at, next_at
FROM webhook_delivery
WHERE agency = :agency AND (made_at, message_id) < (CAST(:before AS timestamptz), :message_id)
ORDER BY made_at DESC, message_id DESC LIMIT :limit
"""
_END = ("infinity", "")


async def registered(session: AsyncSession, *, agency: str, endpoint: Endpoint) -> Registered | None:
    """The agency's endpoint, or None."""
    row = (await session.execute(text(_REGISTERED), {"agency": agency, "endpoint": endpoint})).one_or_none()
    return row if row is None else Registered(row.url, row.registered_at, row.pending, row.given_up, row.delivered_at)


async def deliveries(
    session: AsyncSession, *, agency: str, before: tuple[str, str] | None, limit: int
) -> list[DeliveryRow]:
    """Deliveries to all endpoints of the agency, newest first. `before` is (made_at in ISO 8601, message_id)."""
    made_at, message_id = before or _END
    names = {"agency": agency, "before": made_at, "message_id": message_id, "limit": limit}
    rows = await session.execute(text(_DELIVERIES), names)
    return [
        DeliveryRow(
            endpoint=Endpoint(row.endpoint),
            message_id=row.message_id,
            cursor=row.cursor,
            state=DeliveryState(row.state),
            attempts=row.attempts,
            status=row.status,
            problem=row.problem,
            made_at=row.made_at,
            tried_at=row.tried_at,
            next_at=row.next_at,
        )
        for row in rows
    ]
