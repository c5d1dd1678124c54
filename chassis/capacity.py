"""A process works on so many requests at once; one more is told at once to ask again, which costs next to nothing.

Without a bound, what comes faster than it can be answered waits inside: everyone gets slower together, until each
answer comes when its client has gone. Work is what counts, so nobody's pace but ours takes a place: a request leaves
its own while its body is on the way, for good when its answer begins, and by `aside` while it waits for news.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import Counter
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.problems import Unavailable

_PLACE = "throughgate.place"
_ALWAYS = ("/health/liveness", "/health/readiness")
"""Whoever is busy is alive: a supervisor must not take one for the other."""

REFUSED = Counter("throughgate_requests_refused_total", "Requests told to ask again: enough others were under way.")


class Overloaded(Unavailable):
    """As many requests are under way as this process works on at once. Nothing was done."""

    def __init__(self) -> None:
        super().__init__("Too much is under way at the moment; ask again.", code="overloaded")


class Capacity:
    """How many requests this process works on, of how many it may."""

    def __init__(self, at_once: int) -> None:
        self.at_once = at_once
        self.under_way = 0

    @property
    def is_full(self) -> bool:
        return self.under_way >= self.at_once


class Bounded:
    """Lets requests through while there is a place; counts each once, however apps are mounted."""

    def __init__(self, app: ASGIApp, capacity: Capacity) -> None:
        self.app = app
        self.capacity = capacity

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _PLACE in scope or scope["path"].endswith(_ALWAYS):
            await self.app(scope, receive, send)
            return
        if self.capacity.is_full:
            REFUSED.inc()
            await Overloaded().answer()(scope, receive, send)
            return
        place = scope[_PLACE] = _Place(self.capacity)

        async def receiving() -> Message:
            with place.aside():
                return await receive()

        async def sending(message: Message) -> None:
            place.leave()
            await send(message)

        place.take()
        try:
            await self.app(scope, receiving, sending)
        finally:
            place.leave()


@contextmanager
def aside(scope: Scope) -> Iterator[None]:
    """While this block waits its request takes nobody's place; it has its own again afterwards, full or not."""
    place: _Place | None = scope.get(_PLACE)
    if place is None:
        yield
        return
    with place.aside():
        yield


class _Place:
    """One request's; taken or not, and never counted twice."""

    def __init__(self, capacity: Capacity) -> None:
        self._capacity = capacity
        self._is_taken = False

    def take(self) -> None:
        self._capacity.under_way += not self._is_taken
        self._is_taken = True

    def leave(self) -> None:
        self._capacity.under_way -= self._is_taken
        self._is_taken = False

    @contextmanager
    def aside(self) -> Iterator[None]:
        was_taken = self._is_taken
        self.leave()
        try:
            yield
        finally:
            if was_taken:
                self.take()
