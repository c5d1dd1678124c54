"""Calling agencies' endpoints: one line per endpoint, each by itself, so that a slow or dead one holds up no other.

Invariant: a delivery is pending until an answer ends it, and every attempt has its `webhook-id`; so whatever dies in
between, it is sent at least once, or it is given up where its agency can see that. What is sent is read again before
each attempt, after the address was checked for it; and what was attempted where the endpoint is no more does not count.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from prometheus_client import Counter

from chassis import clock, logging
from chassis.backoff import backoff, pause
from chassis.db import AsyncSession, Database, is_passing
from chassis.outside import RESOLVE_SECONDS
from chassis.seal import Sealer
from gateway.calling import Called, Outward
from gateway.domain.bodies import item_id_of
from gateway.domain.webhooks import DeliveryState, Endpoint, item_payload, payload_of_test, seal_purpose
from gateway.feed_cursors import feed_cursor
from gateway.fhir.reverse import response
from gateway.operations import sending
from gateway.operations.answers import Outgoing, answer_taken_in, give_answer
from gateway.operations.sending import Claimed, Held, Line
from gateway.queries.answers import item_now
from gateway.queries.asking import ask_as
from gateway.wake import Wakes

AT_ONCE = 4
"""Calls to one webhook at the same time, while it answers; to one that does not, and for FHIR, one at a time."""
IDLE_SECONDS = 5.0
LOOK_SECONDS = 1.0
LINE_TOP_SECONDS = 60.0
"""The longest pause of an endpoint that takes nothing in; of one delivery, so that it stands in no other's way:"""
DELIVERY_TOP_SECONDS = 900.0
SPARE_SECONDS = 10.0

log = logging.get(__name__)
CALLS = Counter("throughgate_endpoint_calls_total", "Calls to agencies' endpoints.", ["endpoint", "outcome"])


@dataclass(frozen=True, slots=True)
class Desk:
    """What all lines share."""

    database: Database
    wakes: Wakes
    sealer: Sealer
    outward: Outward
    cursor_key: str
    give_up: timedelta

    @property
    def lease(self) -> timedelta:
        """Longer than any attempt takes: after that it is made again, for whoever made it is gone."""
        return timedelta(seconds=RESOLVE_SECONDS + self.outward.timeout_s + SPARE_SECONDS)


class Deliverer:
    """Keeps a line to each endpoint that is registered."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._lines: dict[Line, asyncio.Task[None]] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Until told to stop; then calls under way are finished."""
        while not stop.is_set():
            try:
                async with self._desk.database.session() as session:
                    there = await sending.lines(session)
            except Exception as error:
                if not is_passing(error):
                    raise
                log.warning("delivery.not_now", error=logging.describe(error))
                there = []
            for line in there:
                if line not in self._lines or self._lines[line].done():
                    self._lines[line] = asyncio.create_task(LineRun(self._desk, line, stop).run())
            await pause(stop, LOOK_SECONDS)
        self._desk.wakes.wake()
        await asyncio.gather(*self._lines.values(), return_exceptions=True)


@dataclass
class LineRun:
    """One line at work. `failures`: turns in a row in which nothing was taken in."""

    desk: Desk
    line: Line
    stop: asyncio.Event
    failures: int = 0
    registered_at: datetime | None = None

    async def run(self) -> None:
        """Until told to stop, or until the endpoint is taken back."""
        with self.desk.wakes.watching(self.line.agency) as woken:
            while not self.stop.is_set():
                woken.clear()
                try:
                    rest = await self._turn()
                    if rest is None:
                        return
                    await self._rest(woken, rest)
                except Exception as error:
                    self._fault(error)
                    await pause(self.stop, backoff(self.failures, top=LINE_TOP_SECONDS))

    async def _turn(self) -> float | None:
        """Collect what is new and make the attempts that are due. Seconds to rest, None if the endpoint is gone."""
        now = clock.now()
        is_wide = self.line.endpoint is Endpoint.FEED and not self.failures
        async with self._asking() as session:
            held = await sending.collect(session, self.line, now=now)
            if held is None:
                return None
            claimed = await sending.claim(
                session, self.line, limit=AT_ONCE if is_wide else 1, now=now, until=now + self.desk.lease
            )
            due = None if claimed else await sending.next_due(session, self.line)
        if held.registered_at != self.registered_at:
            self.registered_at, self.failures = held.registered_at, 0
        if not claimed:
            return IDLE_SECONDS if due is None else min(IDLE_SECONDS, max(0.0, (due - now).total_seconds()))
        done = await self._attempt_all(held, claimed)
        self.failures = 0 if any(done) else self.failures + 1
        return backoff(self.failures, top=LINE_TOP_SECONDS) if self.failures else 0.0

    async def _attempt_all(self, held: Held, claimed: Sequence[Claimed]) -> list[bool]:
        """Whether each ended well. A fault of ours in one is nothing to the others, and is not tried for ever."""
        outcomes = await asyncio.gather(*(self._attempt(held, each) for each in claimed), return_exceptions=True)
        for each, outcome in zip(claimed, outcomes, strict=True):
            if isinstance(outcome, Exception):
                if is_passing(outcome):
                    raise outcome
                self._fault(outcome)
                await self._settle(held, each, Called(problem="internal"))
        return [outcome is True for outcome in outcomes]

    async def _attempt(self, held: Held, claimed: Claimed) -> bool:
        place = await self.desk.outward.look_up(held.url)
        if isinstance(place, Called):
            return await self._settle(held, claimed, place)
        now = clock.now()
        async with self._asking() as session:
            if await self._was_moved(session, held):
                await sending.settle(session, self.line, claimed.message_id, state=DeliveryState.PENDING, next_at=now)
                return False
            payload = await self._read(session, claimed, now=now)
            if isinstance(payload, DeliveryState):
                await sending.settle(session, self.line, claimed.message_id, state=payload)
                return True
        secret = self.desk.sealer.open(held.secret, purpose=seal_purpose(self.line.agency, self.line.endpoint))
        called = await self.desk.outward.call(
            place, self.line.endpoint, message_id=claimed.message_id, payload=payload, secret=secret, now=now
        )
        return await self._settle(held, claimed, called)

    async def _was_moved(self, session: AsyncSession, held: Held) -> bool:
        """Whether the endpoint was replaced or taken back since its line was held."""
        return await sending.registered_at(session, self.line) != held.registered_at

    async def _read(self, session: AsyncSession, claimed: Claimed, *, now: datetime) -> bytes | DeliveryState:
        """What is sent, as it stands now; or why it is not sent any more."""
        agency = self.line.agency
        if claimed.cursor is None:
            return payload_of_test(claimed.made_at)
        if self.line.endpoint is Endpoint.FHIR:
            found = await give_answer(session, agency=agency, cursor=claimed.cursor, now=now)
            return response(found.answer, found.own, agency=agency) if isinstance(found, Outgoing) else found
        item = await item_now(session, agency=agency, cursor=claimed.cursor)
        if item is None or item.hidden:
            return DeliveryState.WITHDRAWN
        return item_payload(
            item_id=item_id_of(item.share_id, item.kind, item.available_at),
            cursor=feed_cursor(item.cursor, agency=agency, secret=self.desk.cursor_key),
            category=item.category,
            at=item.available_at,
        )

    async def _settle(self, held: Held, claimed: Claimed, called: Called) -> bool:
        now = clock.now()
        CALLS.labels(self.line.endpoint, called.problem or "taken-in").inc()
        state, next_at = DeliveryState.DELIVERED, None
        if called.problem is not None:
            wait = timedelta(seconds=backoff(claimed.attempts, top=DELIVERY_TOP_SECONDS))
            is_over = now + wait >= claimed.made_at + self.desk.give_up
            state, next_at = (DeliveryState.GIVEN_UP, None) if is_over else (DeliveryState.PENDING, now + wait)
        async with self._asking() as session:
            if await self._was_moved(session, held):
                state, next_at = DeliveryState.PENDING, now
            await sending.settle(
                session,
                self.line,
                claimed.message_id,
                state=state,
                status=called.status,
                problem=called.problem,
                next_at=next_at,
            )
            if state is DeliveryState.DELIVERED and self.line.endpoint is Endpoint.FHIR:
                await answer_taken_in(session, agency=self.line.agency, share_id=claimed.message_id, now=now)
        if state is DeliveryState.GIVEN_UP:
            log.error("delivery.given_up", agency=self.line.agency, attempts=claimed.attempts, code=str(called.problem))
        return called.problem is None

    def _fault(self, error: Exception) -> None:
        """Ours, not the endpoint's; what was claimed is attempted again after its lease."""
        self.failures += 1
        if is_passing(error):
            log.warning("delivery.not_now", agency=self.line.agency, error=logging.describe(error))
        else:
            log.error("delivery.failed", agency=self.line.agency, exc_info=error)

    async def _rest(self, woken: asyncio.Event, seconds: float) -> None:
        """Until there may be something to do. While the endpoint fails only another registration shortens it."""
        if not self.failures:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await woken.wait()
            return
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while not self.stop.is_set() and (left := until - loop.time()) > 0:
            await pause(self.stop, min(left, LOOK_SECONDS))
            async with self._asking() as session:
                if await sending.registered_at(session, self.line) != self.registered_at:
                    return

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[AsyncSession]:
        """A transaction that sees this agency's rows alone."""
        async with self.desk.database.transaction() as session:
            await ask_as(session, agency=self.line.agency, kind="")
            yield session
