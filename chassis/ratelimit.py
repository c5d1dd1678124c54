"""Each agency has its own allowance at a gateway process, and every answer says how much of it is left.

Headers follow draft-ietf-httpapi-ratelimit-headers-11: `RateLimit-Policy` states the quota and its window, `RateLimit`
what remains and in how many seconds the window ends.
"""

import math

from limits import parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter

from chassis import clock
from chassis.problems import Problem

POLICY = "agency"


class RateLimited(Problem):
    """The agency has used up its allowance for now."""

    def __init__(self, headers: dict[str, str], *, retry_after: int) -> None:
        super().__init__(
            429,
            "Too many requests; ask again when the window is over.",
            code="rate-limited",
            headers={**headers, "Retry-After": str(retry_after)},
        )


class Limiter:
    """Counts in this process. `allowance` is in the notation of `limits`, such as `600/minute`."""

    def __init__(self, allowance: str) -> None:
        self._limit = parse(allowance)
        self._window = FixedWindowRateLimiter(MemoryStorage())

    async def hit(self, agency: str) -> dict[str, str]:
        """Count one request and return the headers that say what is left. Raises RateLimited."""
        allowed = await self._window.hit(self._limit, agency)
        stats = await self._window.get_window_stats(self._limit, agency)
        seconds = max(1, math.ceil(stats.reset_time - clock.now().timestamp()))
        headers = {
            "RateLimit-Policy": f'"{POLICY}";q={self._limit.amount};w={self._limit.get_expiry()}',
            "RateLimit": f'"{POLICY}";r={max(0, stats.remaining)};t={seconds}',
        }
        if not allowed:
            raise RateLimited(headers, retry_after=seconds)
        return headers
