"""How a webhook is signed, how thin it is, and which secrets are secrets."""

import base64
import json
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from chassis import clock
from gateway.calling import signature
from gateway.domain.webhooks import Endpoint, is_secret, is_taken_in, item_payload, payload_of_test, secret_of
from gateway.feed_cursors import feed_cursor, feed_index

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
AT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def test_the_vector_of_the_specification() -> None:
    at = datetime.fromtimestamp(1614265330, UTC)
    made = signature(b'{"test": 2432232314}', message_id="msg_p5jXN8AQM9LWM0D4loKWxJek", secret=SECRET, now=at)
    assert made == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_a_receiver_verifies_it_with_the_standards_own_library_and_notices_a_changed_byte() -> None:
    payload = item_payload(item_id="0199-i", cursor="c", category="release-date", at=AT)
    headers = signature(payload, message_id="0199-i", secret=SECRET, now=clock.now())
    assert Webhook(SECRET).verify(payload, headers) == json.loads(payload)
    for changed, key, told in (
        (payload.replace(b"release", b"Release"), SECRET, headers),
        (payload, secret_of(b"x" * 32), headers),
        (payload, SECRET, {**headers, "webhook-id": "0199-j"}),
    ):
        with pytest.raises(WebhookVerificationError):
            Webhook(key).verify(changed, told)


def test_the_payload_is_thin() -> None:
    assert json.loads(item_payload(item_id="0199-i", cursor="c", category="release-date", at=AT)) == {
        "type": "feed.item",
        "timestamp": "2026-11-22T09:30:00Z",
        "item_id": "0199-i",
        "cursor": "c",
        "category": "release-date",
    }
    assert json.loads(payload_of_test(AT)) == {"type": "webhook.test", "timestamp": "2026-11-22T09:30:00Z"}


def encoded(length: int) -> str:
    return "whsec_" + base64.b64encode(b"k" * length).decode()


@pytest.mark.parametrize(
    ("secret", "is_one"),
    [
        (SECRET, True),
        (secret_of(b"k" * 32), True),
        (encoded(24), True),
        (encoded(64), True),
        (encoded(23), False),
        (encoded(65), False),
        (encoded(32).removeprefix("whsec_"), False),
        (encoded(32)[:-1], False),
        ("whsec_????????????????????????????????", False),
        ("", False),
    ],
)
def test_secrets_are_those_of_the_standard(secret: str, is_one: bool) -> None:
    assert is_secret(secret) is is_one


def test_a_message_that_the_other_side_had_before_is_taken_in() -> None:
    assert [status for status in (200, 204, 299, 302, 400, 409, 500) if is_taken_in(Endpoint.FEED, status)] == [
        200,
        204,
        299,
    ]
    assert is_taken_in(Endpoint.FHIR, 409)
    assert not is_taken_in(Endpoint.FHIR, 302)


def test_a_cursor_is_the_feeds_own() -> None:
    cursor = feed_cursor(17, agency="police-north", secret="k")
    assert feed_index(cursor, agency="police-north", secret="k") == 17
    assert cursor != feed_cursor(17, agency="probation-north", secret="k")
