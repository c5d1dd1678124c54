"""The feed: pages, long polls, a stream, acknowledgements. What goes out is joined, not parsed, and recorded before."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query
from fastapi.responses import Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from chassis import clock
from chassis.auth import require
from chassis.capacity import aside
from chassis.idempotency import IdempotentRoute
from chassis.pagination import DEFAULT_LIMIT, MAX_LIMIT
from chassis.session import SessionDep
from contracts.codes import Scope
from contracts.http.gateway import AcknowledgementAnswer, AcknowledgementBody, FeedItem, FeedPage
from gateway.api.caller import Caller, CallerDep
from gateway.feed_cursors import feed_cursor, feed_index
from gateway.operations.deliver import acknowledge, give
from gateway.queries.asking import ask_as
from gateway.queries.feed import FeedRow

START = -1
"""Before the first entry of the log, which has index 0."""
STREAM_SECONDS = 900.0
"""A stream ends then and its client resumes, so that no token is relied on for long after it was checked."""
FRESH_SECONDS = 0.5
"""What a slow reader of a stream has not taken by then is read again: it may have been taken back meanwhile."""

router = APIRouter(prefix="/v1/feed", tags=["feed"], dependencies=[require(Scope.READ)], route_class=IdempotentRoute)


def cursor_of(caller: Caller, index: int) -> str:
    """The cursor of a place in this agency's feed; the same place has the same cursor for ever."""
    return feed_cursor(index, agency=caller.agency, secret=caller.cursor_key)


def index_of(caller: Caller, cursor: str | None) -> int:
    """The place that a cursor names. Raises CursorInvalid."""
    if cursor is None:
        return START
    return feed_index(cursor, agency=caller.agency, secret=caller.cursor_key)


async def next_rows(caller: Caller, *, after: int, limit: int) -> Sequence[FeedRow]:
    """The next page, recorded as a read and, where it is the first time, as delivered."""
    async with caller.asking() as session:
        given = await give(session, agency=caller.agency, after=after, limit=limit, now=clock.now())
        if given.rows:
            await caller.looked(session, person_id=None, count=len(given.rows))
    return given.rows


async def waited_rows(caller: Caller, *, after: int, limit: int, wait_s: float) -> Sequence[FeedRow]:
    """The next page as soon as there is one, or an empty one after `wait_s`."""
    deadline = asyncio.get_running_loop().time() + wait_s
    with caller.wakes.watching(caller.agency) as woken:
        while True:
            woken.clear()
            rows = await next_rows(caller, after=after, limit=limit)
            if rows:
                return rows
            try:
                with aside(caller.request.scope):
                    async with asyncio.timeout_at(deadline):
                        await woken.wait()
            except TimeoutError:
                return rows


def item_json(caller: Caller, row: FeedRow) -> str:
    """The item with its cursor in front."""
    return f'{{"cursor":"{cursor_of(caller, row.cursor)}",{row.body[1:]}'


async def _following(caller: CallerDep) -> AsyncIterator[None]:
    """Until the answer has gone out, this is one of the requests that follow the agency's feed."""
    with caller.wakes.following(caller.agency):
        yield


@router.get("", response_model=FeedPage, dependencies=[Depends(_following)])
async def feed(
    caller: CallerDep,
    after: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    wait: Annotated[int, Query(ge=0, le=30, description="Seconds to wait for something new.")] = 0,
) -> Response:
    """What was shared with this agency, in the order of the share log."""
    start = index_of(caller, after)
    rows = await waited_rows(caller, after=start, limit=limit, wait_s=wait)
    items = ",".join(item_json(caller, row) for row in rows)
    following = cursor_of(caller, rows[-1].cursor if rows else start)
    return Response(f'{{"items":[{items}],"next":"{following}"}}', media_type="application/json")


async def _resume(
    caller: CallerDep,
    after: Annotated[str | None, Query(max_length=200)] = None,
    last_event_id: Annotated[str | None, Header(max_length=200)] = None,
) -> int:
    return index_of(caller, last_event_id or after)


@router.get("/stream", response_class=EventSourceResponse, dependencies=[Depends(_following)])
async def stream(caller: CallerDep, start: Annotated[int, Depends(_resume)]) -> AsyncIterator[FeedItem]:
    """The same as server-sent events; an event's id is the item's cursor, so `Last-Event-ID` resumes."""
    clock_s = asyncio.get_running_loop().time
    deadline = clock_s() + STREAM_SECONDS
    while (left := deadline - clock_s()) > 0:
        rows = await waited_rows(caller, after=start, limit=DEFAULT_LIMIT, wait_s=left)
        stale = clock_s() + FRESH_SECONDS
        for row in rows:
            yield ServerSentEvent(raw_data=item_json(caller, row), id=cursor_of(caller, row.cursor))  # type: ignore[misc]
            start = row.cursor
            if clock_s() > stale:
                break


@router.post("/acknowledgements")
async def acknowledgements(caller: CallerDep, session: SessionDep, body: AcknowledgementBody) -> AcknowledgementAnswer:
    """A person or a system has taken these items in."""
    await ask_as(session, agency=caller.agency, kind=caller.actor.kind)
    up_to = index_of(caller, body.up_to) if body.up_to is not None else None
    taken = await acknowledge(session, agency=caller.agency, up_to=up_to, items=body.items or (), now=clock.now())
    return AcknowledgementAnswer(acknowledged=taken)
