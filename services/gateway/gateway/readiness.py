"""When everything starts at once, the public port is ready once everybody behind it has answered.

Invariant: it holds from then on. Of an owner that goes away later each call is told that needs it; the others go on.
"""

from collections.abc import Iterable

from chassis.http_client import ServiceClient


class AllThere:
    """A check that passes from the first time on that each of these services was ready."""

    def __init__(self, services: Iterable[ServiceClient]) -> None:
        self._awaited = set(services)

    async def __call__(self) -> None:
        """Raises a Problem while one of them has not been ready yet."""
        for each in tuple(self._awaited):
            await each.call("GET", "/health/readiness")
            self._awaited.discard(each)
