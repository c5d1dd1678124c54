"""Lives of made-up people going through the gateways while things break, and what each recipient must have had of them.

A life: registered, supervised by probation, claimed by the charity, agreed to; a first date, waited for at both; a
referral by order of a court; more dates, in bulk and by themselves, each of which is owed to both exactly once; for
some the trust's acceptance, whose answer is owed to the prison; for some a withdrawal, after which nothing is owed to
the charity.
"""

import asyncio
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from chassis.clock import now
from tests.faults.bulk import BulkRequest
from tests.faults.client import FaultyWorld
from tests.faults.pollers import Poller
from tests.support.eventually import eventually
from tests.system.referring import MOORLAND, refer
from tests.system.world import CHARITY, NORTHGATE, PROBATION, Person
from throughgate.client import Refused

RECIPIENTS = (PROBATION, CHARITY)
FEEDS = (*RECIPIENTS, MOORLAND, NORTHGATE)
"""Every agency that gets anything of a life. The trust has what is current when it is referred to, and all after; the
prison has what the trust answers."""
SEEN_WITHIN = 120.0
TODAY = now().date()


@dataclass
class Life:
    """One person's: what was answered 2xx, and so is owed, in order. `facts` are (release id, version) of each date;
    `referral` is the one that was answered 201, owed to the trust, which was answered 2xx where it has `taken_on` the
    person; `in_bulk` counts the dates that were pushed so."""

    person: Person
    owed: dict[str, list[str]] = field(default_factory=lambda: {agency: [] for agency in RECIPIENTS})
    facts: dict[str, tuple[str, int]] = field(default_factory=dict)
    withdrawn: bool = False
    referral: str = ""
    taken_on: bool = False
    in_bulk: int = 0

    @property
    def recipients(self) -> tuple[str, ...]:
        """To whom the next date is owed."""
        return (PROBATION,) if self.withdrawn else RECIPIENTS

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
            number = next(self._numbers)
            await self.live(withdraws=number % 2 == 1, is_taken_on=number // 2 % 2 == 0)

    async def live(self, *, withdraws: bool, is_taken_on: bool) -> Life:
        """One life from its beginning to its end."""
        world = self.world
        life = Life(await world.person())
        self.lives.append(life)
        await world.supervise(life.person)
        await world.claim(life.person, CHARITY)
        await world.consent(life.person, CHARITY)
        days = [TODAY + timedelta(days=30 + 5 * number) for number in range(4)]
        await self._date(life, days[0])
        await self.seen(life)
        life.referral = await refer(world, life.person, MOORLAND, statutory=True, order_reference="MHTR 1")
        await self.in_bulk([(life, day) for day in days[1:3]])
        if is_taken_on:
            await self._take_on(life)
        await self._date(life, days[3])
        if withdraws:
            await self.seen(life)
            life.withdrawn = True
            await world.withdraw(life.person)
            await self._date(life, TODAY + timedelta(days=90))
        return life

    async def in_bulk(self, dates: Sequence[tuple[Life, date]]) -> None:
        """Pushes these in one request. A result says no version: what was applied is the one after the last."""
        request = BulkRequest(self.world.desk(NORTHGATE), [(life.person, day) for life, day in dates])
        for (life, day), release_id in zip(dates, await request.push(), strict=True):
            last = max((version for _, version in life.facts.values()), default=0)
            self._owe(life, day, (release_id, last + 1))
            life.in_bulk += 1

    async def _take_on(self, life: Life) -> None:
        """The trust accepts, on what it knows by then; if it has learnt something meanwhile, it looks again."""
        desk, path = self.world.desk(MOORLAND), f"/referrals/{life.referral}"

        async def accepted() -> bool:
            try:
                known = await desk.until_answered(lambda: desk.call("GET", path), "GET referrals")
                await desk.ask("POST", f"{path}/acceptance", {}, headers={"if-match": known.headers["etag"]})
            except Refused as error:
                if error.status not in (404, 412):
                    raise
                return False
            return True

        life.taken_on = await eventually(accepted, within=SEEN_WITHIN, every=0.05)

    async def _date(self, life: Life, day: date) -> None:
        answer = await self.world.push(life.person, day)
        self._owe(life, day, (answer["release_id"], answer["version"]))

    def _owe(self, life: Life, day: date, fact: tuple[str, int]) -> None:
        life.facts[day.isoformat()] = fact
        for agency in life.recipients:
            life.owed[agency].append(day.isoformat())

    async def seen(self, life: Life) -> None:
        """Waits until both pollers have met everything owed of this life."""

        def all_there() -> bool:
            for agency in RECIPIENTS:
                met = self.pollers[agency].dates(life.person.id)
                assert met[-1:] == life.owed[agency][-1:], f"{agency} was owed {life.owed[agency]} and met {met}"
            return True

        await eventually(all_there, within=SEEN_WITHIN, every=0.05)
