"""Who is slow harms nobody: streams that are not read, a page read at a crawl, endpoints that are dead or late."""

import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from statistics import median

import pytest

from chassis.clock import now
from tests.faults.client import FaultyWorld
from tests.faults.conftest import polled
from tests.faults.pollers import Poller
from tests.load.memory import held_by_all
from tests.load.unread import PlantedFeed, crawling_poller, unread_streams
from tests.support.eventually import eventually
from tests.support.receiver import Receiver, receiving
from tests.support.settled import settled
from tests.support.stack import RunningStack
from tests.system.world import CHARITY, GATEHOUSE, HOUSING, PROBATION, Person
from throughgate.client import Desk

PUSHES = 15
STREAMS = 8
ITEMS, ITEM_BYTES = 30_000, 1_000
SLOWER = 8.0
"""How much longer news may take beside all of them. What waited for one of them would take its whole timeout, ten
seconds, and more with each push; news takes a fraction of one."""
LATE_S = 3.0
GROWTH = 1.15
"""Of the gateway's memory; a single one of the streams, kept whole, would be more."""


@dataclass
class News:
    """Dates pushed one after the other, each waited for at probation: in its live feed and at its webhook."""

    world: FaultyWorld
    person: Person
    poller: Poller
    receiver: Receiver
    pushed: int = 0
    took: list[float] = field(default_factory=list)

    async def go_on(self, count: int) -> float:
        """So many more; the median of how long each took from its answer to the later of both."""
        self.took.clear()
        for _ in range(count):
            self.pushed += 1
            day = (now().date() + timedelta(days=30 + self.pushed)).isoformat()
            began = time.monotonic()
            await self.world.push(self.person, now().date() + timedelta(days=30 + self.pushed))
            await eventually(self._arrived(day), within=60)
            self.took.append(time.monotonic() - began)
        return median(self.took)

    def _arrived(self, day: str) -> Callable[[], bool]:
        def both() -> bool:
            met = {each["item_id"] for each in self.poller.items if (each["content"] or {}).get("release_date") == day}
            return bool(met & self.receiver.ids)

        return both


async def registered(desk: Desk, receiver: Receiver) -> None:
    await desk.put("/webhook", {"url": receiver.url})


@pytest.mark.timeout(600)
async def test_news_goes_past_everyone_who_is_slow(loaded_stack: RunningStack, patient: FaultyWorld) -> None:
    feed = PlantedFeed(loaded_stack, HOUSING, ITEMS, ITEM_BYTES)
    feed.plant()
    person = await patient.person()
    await patient.supervise(person)
    for agency in (CHARITY, GATEHOUSE):
        await patient.claim(person, agency)
    await patient.consent(person, CHARITY, GATEHOUSE)
    async with AsyncExitStack() as stack:
        alive, dead, late = [await stack.enter_async_context(receiving()) for _ in range(3)]
        dead.holds, late.late_s = True, LATE_S
        pollers = await stack.enter_async_context(polled(patient, (PROBATION, CHARITY)))
        await registered(patient.desk(PROBATION), alive)
        news = News(patient, person, pollers[PROBATION], alive)
        await news.go_on(3)
        alone = await news.go_on(PUSHES)

        await registered(patient.desk(GATEHOUSE), dead)
        await registered(patient.desk(CHARITY), late)
        await patient.desk(GATEHOUSE).post("/webhook/test")
        await eventually(lambda: dead.calls, within=60)
        before = held_by_all(loaded_stack)["gateway"]
        await stack.enter_async_context(unread_streams(patient, HOUSING, STREAMS))
        await stack.enter_async_context(crawling_poller(patient, HOUSING))
        given = await feed.at_rest()
        beside = await news.go_on(PUSHES)
        after = held_by_all(loaded_stack)["gateway"]
        assert after.began == before.began, "the gateway began again, with nothing kept"
        grown = after.kib / before.kib
        print(f"news after {alone:.2f} s alone, {beside:.2f} s beside the slow; memory of the gateway {grown:.3f}")

        assert beside < SLOWER * alone
        assert given < ITEMS / 2, "what nobody reads was taken out of the database all the same"
        assert grown < GROWTH, "what nobody reads is kept in memory"
        dates = pollers[PROBATION].dates(person.id)
        assert dates == sorted(set(dates)), "each once, and in order"
        await settled(loaded_stack)
        await eventually(lambda: pollers[CHARITY].dates(person.id)[-1:] == dates[-1:], within=60)
        pending = await patient.desk(GATEHOUSE).get("/webhook/deliveries", limit=500)
        assert {each["state"] for each in pending["items"]} == {"pending"}, "what the dead one is owed waits for it"
