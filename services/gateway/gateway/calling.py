"""One call to an endpoint of an agency: to a checked address, signed as Standard Webhooks has it."""

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from standardwebhooks import Webhook

from chassis.http_client import Unanswered, post_outside
from chassis.ids import new_id
from chassis.outside import Rules, Target, addresses_of, target_of
from contracts.errors import Refusal
from gateway.domain.webhooks import Endpoint, is_taken_in
from gateway.fhir.outcomes import MEDIA_TYPE

ADDRESSES = 3
"""So many of a host's addresses are tried at most."""


@dataclass(frozen=True, slots=True)
class Called:
    """What came of it; it was taken in if there is no problem."""

    status: int | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where to call: the target, and its addresses as they were checked a moment ago."""

    target: Target
    addresses: Sequence[str]


@dataclass(frozen=True, slots=True)
class Outward:
    """The way out: what may be called, what certificates are checked against, how long an answer may take."""

    rules: Rules
    tls: ssl.SSLContext
    timeout_s: float

    async def look_up(self, url: str) -> Place | Called:
        """Where the URL leads now, if that may be called."""
        try:
            target = target_of(url, self.rules)
            return Place(target, await addresses_of(target, self.rules))
        except Refusal as refusal:
            return Called(problem=refusal.code)

    async def call(
        self, place: Place, endpoint: Endpoint, *, message_id: str, payload: bytes, secret: str, now: datetime
    ) -> Called:
        """One signed POST; a second or third only to another address where nobody could be reached at the first."""
        headers = {
            "content-type": MEDIA_TYPE if endpoint is Endpoint.FHIR else "application/json",
            "x-request-id": new_id(),
            **signature(payload, message_id=message_id, secret=secret, now=now),
        }
        loop = asyncio.get_running_loop()
        until = loop.time() + self.timeout_s
        problem = "unreachable"
        for address in place.addresses[:ADDRESSES]:
            left = max(0.01, until - loop.time())
            try:
                status = await post_outside(
                    place.target, address, content=payload, headers=headers, tls=self.tls, timeout_s=left
                )
            except Unanswered as error:
                problem = str(error)
                if problem != "unreachable":
                    break
            else:
                return Called(status, None if is_taken_in(endpoint, status) else "refused")
        return Called(problem=problem)


def signature(payload: bytes, *, message_id: str, secret: str, now: datetime) -> dict[str, str]:
    """The three headers of Standard Webhooks. `now` is UTC."""
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(message_id, now, payload.decode()),
    }
