"""What an endpoint of an agency is told, and what becomes of telling it.

Invariant: the payload is thin. It says that there is something, which category it has, and where in the feed it is;
never whom it is about or what it says.
"""

import base64
import binascii
import json
from datetime import datetime
from enum import StrEnum

SECRET_PREFIX = "whsec_"  # noqa: S105 - how secrets begin, not one
SECRET_BYTES = range(24, 65)
"""How long a secret may be (Standard Webhooks)."""
ITEM = "feed.item"
TEST = "webhook.test"


class Endpoint(StrEnum):
    """What an endpoint is called for."""

    FEED = "feed"
    FHIR = "fhir"
    """Answers to the agency's referrals, as messages of BaRS."""


class DeliveryState(StrEnum):
    """What became of a delivery; all but `pending` are its end."""

    PENDING = "pending"
    DELIVERED = "delivered"
    GIVEN_UP = "given-up"
    WITHDRAWN = "withdrawn"
    """It is not the agency's to see any more; the item that says so has a delivery of its own."""
    SUPERSEDED = "superseded"
    """A newer answer to the same referral took its place."""


def item_payload(*, item_id: str, cursor: str, category: str, at: datetime) -> bytes:
    """What is told of one feed item. `at` is when it became available."""
    return _json({"type": ITEM, "timestamp": _instant(at), "item_id": item_id, "cursor": cursor, "category": category})


def payload_of_test(at: datetime) -> bytes:
    """What is told to see whether anybody listens."""
    return _json({"type": TEST, "timestamp": _instant(at)})


def is_taken_in(endpoint: Endpoint, status: int) -> bool:
    """Whether an answer ends the delivery. To a message of BaRS 409 says that it was received before."""
    return 200 <= status < 300 or (endpoint is Endpoint.FHIR and status == 409)


def seal_purpose(agency: str, endpoint: Endpoint) -> str:
    """What a secret is sealed for: this endpoint of this agency."""
    return f"webhook {endpoint} {agency}"


def secret_of(key: bytes) -> str:
    """A secret as the standard writes it."""
    return SECRET_PREFIX + base64.b64encode(key).decode()


def is_secret(text: str) -> bool:
    """Whether this is a secret of the standard: `whsec_` and 24 to 64 bytes in base64."""
    try:
        key = base64.b64decode(text.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return False
    return text.startswith(SECRET_PREFIX) and len(key) in SECRET_BYTES


def _instant(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def _json(payload: dict[str, str]) -> bytes:
    return json.dumps(payload, separators=(",", ":")).encode()
