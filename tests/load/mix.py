"""What agencies do all day, mixed: dates pushed, consents given and withdrawn, views, feed pages, lookups, referrals.

Dates are pushed for people whose standing does not change, so each that was answered is owed to every recipient; for
others consent comes and goes.
"""

import asyncio
import itertools
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from chassis.clock import now
from tests.load.answers import CountingWorld
from tests.system.referring import refer
from tests.system.world import CHARITY, DRUGS, NORTHGATE, POLICE, PROBATION, TRUST, Person, World

RECIPIENTS = (PROBATION, CHARITY)
PAGE = 50
TODAY = now().date()


@dataclass
class Turn:
    """A consent that came and went: when it was asked for, and when each of the two was answered."""

    person: str
    asked: datetime
    agreed: datetime
    withdrawn: datetime | None = None


@dataclass
class Wavering:
    """Someone whose consent comes and goes; one at a time asks for it."""

    person: Person
    turn: Turn | None = None
    busy: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass
class Mix:
    """`one` does the next thing by chance. `owed`: by person, the dates that were answered 2xx."""

    world: CountingWorld
    random: random.Random
    steady: list[Person] = field(default_factory=list)
    wavering: list[Wavering] = field(default_factory=list)
    owed: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    turns: list[Turn] = field(default_factory=list)
    _referred: dict[str, str] = field(default_factory=dict)
    _days: dict[str, "itertools.count[int]"] = field(default_factory=lambda: defaultdict(lambda: itertools.count(30)))
    _cursors: dict[str, list[str | None]] = field(default_factory=lambda: defaultdict(lambda: [None]))

    async def populated(self, world: World, count: int) -> None:
        """`world` registers so many, each supervised by probation and claimed by a charity; every fourth will waver,
        and has a date that their agency sees by consent alone."""
        for _ in range(0, count, 4):
            steady = await asyncio.gather(*(_claimed(world, CHARITY) for _ in range(3)))
            await asyncio.gather(*(world.consent(person, CHARITY) for person in steady))
            self.steady += steady
            wavering = await _claimed(world, DRUGS)
            await world.push(wavering, TODAY + timedelta(days=30))
            self.wavering.append(Wavering(wavering))

    async def one(self) -> None:
        (act,) = self.random.choices(list(SHARES), list(SHARES.values()))
        await act(self)

    async def push(self) -> None:
        """A date of its own for somebody, owed as soon as it is answered."""
        person = self.random.choice(self.steady)
        day = TODAY + timedelta(days=next(self._days[person.id]))
        await self.world.push(person, day)
        self.owed[person.id].add(day.isoformat())

    async def waver(self) -> None:
        """Consent is given where there is none, withdrawn where there is."""
        await self._turn(self.random.choice(self.wavering))

    async def all_waver(self) -> None:
        """So does everybody who wavers, once."""
        await asyncio.gather(*map(self._turn, self.wavering))

    async def _turn(self, someone: Wavering) -> None:
        async with someone.busy:
            if someone.turn:
                await self.world.withdraw(someone.person)
                someone.turn.withdrawn, someone.turn = now(), None
            else:
                asked = now()
                await self.world.consent(someone.person, DRUGS)
                someone.turn = Turn(someone.person.id, asked, now())
                self.turns.append(someone.turn)

    async def view(self) -> None:
        agency = self.random.choice(RECIPIENTS)
        await self.world.desk(agency).get(self.random.choice(self.steady).path)

    async def page(self) -> None:
        """A page of some agency's feed, from anywhere in it."""
        agency = self.random.choice((*RECIPIENTS, POLICE))
        known = self._cursors[agency]
        page = await self.world.desk(agency).get("/feed", after=self.random.choice(known), limit=PAGE)
        if page["items"]:
            known.append(page["next"])

    async def look_up(self) -> None:
        named = {"scheme": "noms", "value": self.random.choice(self.steady).noms}
        await self.world.desk(PROBATION).post("/people/lookup", {"identifier": named})

    async def refer(self) -> None:
        """Refer somebody; who was referred already is looked at, so that what a date touches stays as it is."""
        person = self.random.choice(self.steady)
        if person.id in self._referred:
            await self.world.desk(NORTHGATE).get(f"/referrals/{self._referred[person.id]}")
        else:
            self._referred[person.id] = await refer(self.world, person, TRUST)


SHARES: dict[Callable[[Mix], Awaitable[None]], int] = {
    Mix.push: 30,
    Mix.view: 28,
    Mix.page: 20,
    Mix.look_up: 14,
    Mix.waver: 6,
    Mix.refer: 2,
}
"""Of a hundred things done, how many are which."""


async def _claimed(world: World, charity: str) -> Person:
    person = await world.person()
    await world.supervise(person)
    await world.claim(person, charity)
    return person
