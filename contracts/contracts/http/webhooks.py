"""HTTP bodies of endpoints: where an agency wants to be called, and what was sent there.

What an endpoint is sent is signed as Standard Webhooks has it. To a webhook it is thin: `{"type": "feed.item",
"timestamp", "item_id", "cursor", "category"}`, or `{"type": "webhook.test", "timestamp"}`.
"""

from typing import Annotated, Literal

from pydantic import StringConstraints

from contracts.event import Instant
from contracts.http.gateway import Body

Url = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
Secret = Annotated[str, StringConstraints(pattern=r"^whsec_[A-Za-z0-9+/]{32,86}={0,2}$")]


class WebhookBody(Body):
    """`secret`: `whsec_` and 24 to 64 bytes in base64; without it one is made, and shown once."""

    url: Url
    secret: Secret | None = None


class WebhookView(Body):
    """An endpoint and how it fares. `secret` is there once, in the answer to the registration that made it."""

    url: str
    registered_at: Instant
    pending: int
    given_up: int
    delivered_at: Instant | None = None
    secret: str | None = None


class WebhookTest(Body):
    """The delivery that was made; what comes of it stands among the deliveries."""

    message_id: str


class WebhookDeliveryView(Body):
    """One delivery. `message_id` is the header `webhook-id` of every attempt.

    `problem`: `refused` (see `status`), `unreachable`, `tls-refused`, `timed-out`, `broken-off`, `address-refused`,
    `url-refused` or `internal`.
    """

    message_id: str
    endpoint: Literal["feed", "fhir"]
    cursor: str | None
    state: Literal["pending", "delivered", "given-up", "withdrawn", "superseded"]
    attempts: int
    status: int | None
    problem: str | None
    made_at: Instant
    tried_at: Instant | None
    next_attempt_at: Instant | None


class WebhookDeliveries(Body):
    """`GET /webhook/deliveries`, newest first."""

    items: list[WebhookDeliveryView]
    next: str | None
