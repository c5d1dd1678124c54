"""An agency registers where it wants to be called, takes it back, or tries it. The deliverer does the calling.

Invariant: what becomes available after a registration is announced; what was there before is read from the feed.
"""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.errors import NotFound
from gateway.domain.webhooks import DeliveryState, Endpoint
from gateway.operations.board_rows import FEED_CHANNEL

_REGISTER = """
INSERT INTO webhook (agency, endpoint, url, secret, sent_up_to, registered_at)
SELECT CAST(:agency AS varchar), :endpoint, :url, :secret, coalesce(max(cursor), -1), :now
FROM feed_item WHERE agency = CAST(:agency AS varchar)
ON CONFLICT DO NOTHING RETURNING 1
"""
_CHANGE = """
UPDATE webhook SET url = :url, secret = :secret, registered_at = :now WHERE agency = :agency AND endpoint = :endpoint
"""
_AT_ONCE = """
UPDATE webhook_delivery SET next_at = :now WHERE agency = :agency AND endpoint = :endpoint AND state = 'pending'
"""
_REMOVE = "DELETE FROM webhook WHERE agency = :agency AND endpoint = :endpoint RETURNING 1"
_THERE = "SELECT 1 FROM webhook WHERE agency = :agency AND endpoint = :endpoint FOR KEY SHARE"
_TEST = """
INSERT INTO webhook_delivery (agency, endpoint, message_id, state, attempts, made_at, next_at)
VALUES (:agency, :endpoint, :message_id, :state, 0, :now, :now)
"""
_WAKE = "SELECT pg_notify(:channel, :agency)"


class WebhookUnknown(NotFound):
    """No endpoint is registered."""

    code: ClassVar[str] = "webhook-unknown"


async def register(
    session: AsyncSession, *, agency: str, endpoint: Endpoint, url: str, secret: str, now: datetime
) -> bool:
    """Call this URL from now on, also with what is still pending; True if there was none. `secret` is sealed."""
    names = {"agency": agency, "endpoint": endpoint, "url": url, "secret": secret, "now": now}
    is_new = await session.scalar(text(_REGISTER), names) is not None
    if not is_new:
        await session.execute(text(_CHANGE), names)
        await session.execute(text(_AT_ONCE), {"agency": agency, "endpoint": endpoint, "now": now})
    await _wake(session, agency)
    return is_new


async def remove(session: AsyncSession, *, agency: str, endpoint: Endpoint) -> None:
    """Call it no more, and forget what was sent there. Raises WebhookUnknown."""
    if await session.scalar(text(_REMOVE), {"agency": agency, "endpoint": endpoint}) is None:
        raise WebhookUnknown


async def send_test(session: AsyncSession, *, agency: str, message_id: str, now: datetime) -> None:
    """Call the webhook once with nothing in it. Raises WebhookUnknown."""
    names = {"agency": agency, "endpoint": Endpoint.FEED}
    if await session.scalar(text(_THERE), names) is None:
        raise WebhookUnknown
    values = {**names, "message_id": message_id, "state": DeliveryState.PENDING, "now": now}
    await session.execute(text(_TEST), values)
    await _wake(session, agency)


async def _wake(session: AsyncSession, agency: str) -> None:
    await session.execute(text(_WAKE), {"channel": FEED_CHANNEL, "agency": agency})
