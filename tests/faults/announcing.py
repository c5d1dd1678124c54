"""An endpoint of an agency that is there all the while: whatever dies, each item of its feed is announced to it."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from chassis.http_client import UpstreamUnavailable
from tests.faults.client import FaultyWorld
from tests.support.eventually import eventually
from tests.support.receiver import Receiver, receiving
from throughgate.client import Refused

ANNOUNCED_WITHIN = 120.0
"""An attempt that died with the deliverer is made again once it would have timed out, and later each time."""
HEARD_EVERY_S = 1.0
THIN = {"type", "timestamp", "item_id", "cursor", "category"}


@dataclass(frozen=True, slots=True)
class Announced:
    """What the agency's endpoint was told, signed with `secret`: checked as it comes, for a signature grows old."""

    agency: str
    receiver: Receiver
    secret: str
    told: list[dict[str, Any]] = field(default_factory=list)
    """What each of the receiver's calls said."""

    async def listen(self) -> None:
        """Checks what comes, for ever."""
        while True:
            self.hear()
            await asyncio.sleep(HEARD_EVERY_S)

    def hear(self) -> None:
        """Checks what came since."""
        for call in self.receiver.calls[len(self.told) :]:
            self.told.append(call.verified(self.secret))

    async def each(self, items: Sequence[Mapping[str, Any]]) -> int:
        """Waits until each of these items was announced at least once, always as itself; how many calls that took."""
        wanted = {item["item_id"]: (item["cursor"], item["category"]) for item in items}

        def all_told() -> bool:
            missed = wanted.keys() - self.receiver.ids
            assert not missed, f"{len(missed)} of {len(wanted)} items were not announced to {self.agency}: {missed}"
            return True

        await eventually(all_told, within=ANNOUNCED_WITHIN, every=0.1)
        self.hear()
        for call, told in zip(self.receiver.calls, self.told, strict=False):
            assert told.keys() == THIN, f"an announcement says more than that there is something: {told.keys()}"
            assert told["item_id"] == call.id
            if call.id in wanted:
                assert (told["cursor"], told["category"]) == wanted[call.id]
        return len(self.told)


@asynccontextmanager
async def announced_to(world: FaultyWorld, agency: str) -> AsyncIterator[Announced]:
    """The agency's webhook is registered, from now until the block ends."""
    desk = world.desk(agency)
    async with receiving() as receiver:
        answer = await desk.put("/webhook", {"url": receiver.url})
        announced = Announced(agency, receiver, str(answer["secret"]))
        listening = asyncio.create_task(announced.listen())
        try:
            yield announced
        finally:
            listening.cancel()
            # What ended the block is to be told, not that the gateway was away as well.
            with suppress(UpstreamUnavailable, Refused):
                await desk.until_answered(lambda: desk.call("DELETE", "/webhook"), "DELETE webhook")
            with suppress(asyncio.CancelledError):
                await listening
