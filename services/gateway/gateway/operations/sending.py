"""Deliveries to agencies' endpoints as rows: made from the feed, claimed for one attempt, ended.

Invariant: a feed item and its delivery are joined by `sent_up_to`, moved in the transaction that makes the rows; so
each item after a registration has one delivery, with an id that every attempt has, whatever dies in between.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.domain.bodies import item_id_of
from gateway.domain.webhooks import DeliveryState, Endpoint
from gateway.queries import answers

PAGE = 500

_ALL = "SELECT agency, endpoint FROM webhook"
_HOLD = """
SELECT url, secret, sent_up_to, registered_at FROM webhook
WHERE agency = :agency AND endpoint = :endpoint FOR NO KEY UPDATE
"""
_NEWEST = "SELECT coalesce(max(cursor), -1) FROM feed_item WHERE agency = :agency"
_MAKE = """
INSERT INTO webhook_delivery (agency, endpoint, message_id, cursor, state, attempts, made_at, next_at)
SELECT :agency, :endpoint, s.i, s.c, 'pending', 0, :now, :now
FROM unnest(CAST(:ids AS text[]), CAST(:cursors AS bigint[])) s(i, c)
ON CONFLICT DO NOTHING
"""
_UP_TO = "UPDATE webhook SET sent_up_to = :up_to WHERE agency = :agency AND endpoint = :endpoint"
_CLAIM = """
UPDATE webhook_delivery d SET attempts = d.attempts + 1, tried_at = :now, next_at = :until
FROM (
    SELECT message_id FROM webhook_delivery
    WHERE agency = :agency AND endpoint = :endpoint AND state = 'pending' AND next_at <= :now
    ORDER BY next_at, cursor LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED
) due
WHERE d.agency = :agency AND d.endpoint = :endpoint AND d.message_id = due.message_id
RETURNING d.message_id, d.cursor, d.attempts, d.made_at
"""
_NEXT = """
SELECT min(next_at) FROM webhook_delivery WHERE agency = :agency AND endpoint = :endpoint AND state = 'pending'
"""
_SETTLE = """
UPDATE webhook_delivery SET state = :state, status = :status, problem = :problem, next_at = :next_at
WHERE agency = :agency AND endpoint = :endpoint AND message_id = :message_id AND state = 'pending'
"""
_REGISTERED = "SELECT registered_at FROM webhook WHERE agency = :agency AND endpoint = :endpoint"
_FORGET = "DELETE FROM webhook_delivery"
"""Without a condition: where no agency is named, the policy `old_rows` lets go what is older than 30 days alone."""


@dataclass(frozen=True, slots=True)
class Line:
    """One endpoint of one agency."""

    agency: str
    endpoint: Endpoint


@dataclass(frozen=True, slots=True)
class Held:
    """Where to call, as it is registered now. `secret` is sealed."""

    url: str
    secret: str
    registered_at: datetime


@dataclass(frozen=True, slots=True)
class Claimed:
    """One delivery to attempt now. `cursor` is None for a test."""

    message_id: str
    cursor: int | None
    attempts: int
    made_at: datetime


async def lines(session: AsyncSession) -> list[Line]:
    """Every endpoint that is registered."""
    return [Line(row.agency, Endpoint(row.endpoint)) for row in await session.execute(text(_ALL))]


async def collect(session: AsyncSession, line: Line, *, now: datetime) -> Held | None:
    """Make the deliveries of what is new in the feed; None if the endpoint is not registered any more."""
    names = {"agency": line.agency, "endpoint": line.endpoint}
    row = (await session.execute(text(_HOLD), names)).one_or_none()
    if row is None:
        return None
    if line.endpoint is Endpoint.FHIR:
        up_to = int(await session.scalar(text(_NEWEST), {"agency": line.agency}) or 0)
        found = await answers.answers_after(session, agency=line.agency, after=row.sent_up_to)
    else:
        found = await answers.items_after(session, agency=line.agency, after=row.sent_up_to, limit=PAGE)
        up_to = found[-1].cursor if found else row.sent_up_to
    await _make(session, names, found, now)
    if up_to > row.sent_up_to:
        await session.execute(text(_UP_TO), {**names, "up_to": up_to})
    return Held(row.url, row.secret, row.registered_at)


async def collect_late(session: AsyncSession, *, agency: str, referral_id: str, now: datetime) -> None:
    """Make the deliveries of answers that came before the message was kept that they answer: `collect` has passed them.

    In the transaction that keeps it, under the lock that `collect` takes.
    """
    line = {"agency": agency, "endpoint": Endpoint.FHIR}
    since = await session.scalar(text(f"{_REGISTERED} FOR NO KEY UPDATE"), line)
    if since is not None:
        found = await answers.answers_to(session, agency=agency, referral_id=referral_id, since=since)
        await _make(session, line, found, now)


async def _make(
    session: AsyncSession, line: Mapping[str, str], found: Sequence[answers.ItemNow], now: datetime
) -> None:
    if found:
        ids = [item_id_of(each.share_id, each.kind, each.available_at) for each in found]
        cursors = [each.cursor for each in found]
        await session.execute(text(_MAKE), {**line, "ids": ids, "cursors": cursors, "now": now})


async def claim(session: AsyncSession, line: Line, *, limit: int, now: datetime, until: datetime) -> Sequence[Claimed]:
    """Deliveries that are due, for one attempt each; until `until` nobody else makes one."""
    names = {"agency": line.agency, "endpoint": line.endpoint, "limit": limit, "now": now, "until": until}
    rows = await session.execute(text(_CLAIM), names)
    return [Claimed(row.message_id, row.cursor, row.attempts, row.made_at) for row in rows]


async def next_due(session: AsyncSession, line: Line) -> datetime | None:
    """When the next attempt is to be made; None if nothing is pending."""
    found: datetime | None = await session.scalar(text(_NEXT), {"agency": line.agency, "endpoint": line.endpoint})
    return found


async def registered_at(session: AsyncSession, line: Line) -> datetime | None:
    """When the endpoint was registered as it is now; None if it is not."""
    found: datetime | None = await session.scalar(text(_REGISTERED), {"agency": line.agency, "endpoint": line.endpoint})
    return found


async def settle(
    session: AsyncSession,
    line: Line,
    message_id: str,
    *,
    state: DeliveryState,
    status: int | None = None,
    problem: str | None = None,
    next_at: datetime | None = None,
) -> None:
    """What came of an attempt; `next_at` for what stays pending."""
    names = {"agency": line.agency, "endpoint": line.endpoint, "message_id": message_id}
    outcome = {"state": state, "status": status, "problem": problem, "next_at": next_at}
    await session.execute(text(_SETTLE), {**names, **outcome})


async def forget_old(session: AsyncSession) -> None:
    """Drop what is older than 30 days; a timer calls it, for no agency."""
    await session.execute(text(_FORGET))
