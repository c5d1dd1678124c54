"""Lives of made-up people going through the gateways while things break, and what each recipient must have had of them.

A life: registered, supervised by probation, claimed by the charity, agreed to; a first date, waited for at both; a
referral by order of a court; more dates, each of which is owed to both exactly once; for some a withdrawal, after
which nothing is owed to the charity.
"""

import asyncio
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from chassis.clock import now
from tests.faults.client import FaultyWorld
from tests.faults.pollers import Poller
from tests.support.eventually import eventually
from tests.system.referring import MOORLAND, refer
from tests.system.world import CHARITY, PROBATION, Person

RECIPIENTS = (PROBATION, CHARITY)
FEEDS = (*RECIPIENTS, MOORLAND)
"""Every agency that gets anything of a life. The trust has what is current when it is referred to, and all after."""
SEEN_WITHIN = 120.0
TODAY = now().date()


@dataclass
class Life:
    """One person's: what was answered 2xx, and so is owed, in order. `facts` are (release id, version) of each date;
    `referral` is the one that was answered 201, owed to the trust."""

    person: Person
    owed: dict[str, list[str]] = field(default_factory=lambda: {agency: [] for agency in RECIPIENTS})
    facts: dict[str, tuple[str, int]] = field(default_factory=dict)
    withdrawn: bool = False
    referral: str = ""

    @property
    def dates(self) -> list[str]:
        """Every date, in order: probation is owed them all."""
        return self.owed[PROBATION]


@dataclass
class Traffic:
    """`lives` begun so far. `run` goes on until told to stop, `workers` lives at a time."""

    world: FaultyWorld
    pollers: dict[str, Poller]
    lives: list[Life] = field(default_factory=list)
    dates: int = 3
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)
    """Of lives as they are begun: those who begin at once would all find as many there before them."""

    def of_theirs(self, items: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """Those of these feed items that are about somebody whose life began here."""
        people = {life.person.id for life in self.lives}
        return [item for item in items if item["person_id"] in people]

    async def run(self, stop: asyncio.Event, *, workers: int = 2) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(workers):
                group.create_task(self._worker(stop.is_set))

    async def _worker(self, stopped: Callable[[], bool]) -> None:
        while not stopped():
            await self.live(withdraws=next(self._numbers) % 2 == 1)

    async def live(self, *, withdraws: bool) -> Life:
        """One life from its beginning to its end."""
        world = self.world
        life = Life(await world.person())
        self.lives.append(life)
        await world.supervise(life.person)
        await world.claim(life.person, CHARITY)
        await world.consent(life.person, CHARITY)
        for number in range(self.dates):
            await self._date(life, TODAY + timedelta(days=30 + 5 * number), RECIPIENTS)
            if number == 0:
                await self.seen(life)
                life.referral = await refer(world, life.person, MOORLAND, statutory=True, order_reference="MHTR 1")
        if withdraws:
            await self.seen(life)
            life.withdrawn = True
            await world.withdraw(life.person)
            await self._date(life, TODAY + timedelta(days=90), (PROBATION,))
        return life

    async def _date(self, life: Life, day: date, owed_to: tuple[str, ...]) -> None:
        answer = await self.world.push(life.person, day)
        life.facts[day.isoformat()] = (answer["release_id"], answer["version"])
        for agency in owed_to:
            life.owed[agency].append(day.isoformat())

    async def seen(self, life: Life) -> None:
        """Waits until both pollers have met everything owed of this life."""

        def all_there() -> bool:
            for agency in RECIPIENTS:
                met = self.pollers[agency].dates(life.person.id)
                assert met[-1:] == life.owed[agency][-1:], f"{agency} was owed {life.owed[agency]} and met {met}"
            return True

        await eventually(all_there, within=SEEN_WITHIN, every=0.05)
