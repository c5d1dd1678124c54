"""What is connected to outside is the address that was checked: whatever the name means a moment later."""

import ssl
from urllib.parse import urlsplit

from chassis.http_client import post_outside
from chassis.outside import Rules, target_of
from tests.support.receiver import receiving


async def test_the_address_that_was_checked_is_connected_to_and_the_name_is_told() -> None:
    async with receiving() as receiver:
        there = urlsplit(receiver.url)
        target = target_of(f"http://agency.invalid:{there.port}{there.path}", Rules(local=True))
        status = await post_outside(
            target,
            "127.0.0.1",
            content=b"{}",
            headers={"webhook-id": "m"},
            tls=ssl.create_default_context(),
            timeout_s=5,
        )
    assert status == 204
    (call,) = receiver.calls
    assert call.headers["host"] == f"agency.invalid:{there.port}"
