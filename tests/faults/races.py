"""Agencies that do everything to one person at once: pushes, consents, withdrawals, renewals, objections, merges.
Everything goes through the gateways.

What was acknowledged, and when, is written down: the checkers (tests.faults.race_checks, race_feeds, watching) need
nothing else of it.
"""

import asyncio
import itertools
import random
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from chassis.clock import now
from tests.faults.client import FaultyWorld
from tests.support.eventually import eventually
from tests.system.world import CHARITY, DRUGS, GATEHOUSE, NORTHGATE, PRISON_HEALTH, PROBATION, Person
from throughgate.client import Refused

RACERS = (CHARITY, GATEHOUSE, DRUGS)
ON_CONSENT = (CHARITY, DRUGS)
"""Those of them that may hear of a person by consent and by nothing else."""
OBJECTED_TO = PRISON_HEALTH
"""Who hears of a person by law, unless the person objects (clause 3.3)."""
WITHDRAWERS = (NORTHGATE, PROBATION, CHARITY)
SHOWN_WITHIN = 120


@dataclass(frozen=True)
class Withdrawal:
    """A withdrawal that was acknowledged, and the consents whose grant had been acknowledged before it was sent."""

    consents: frozenset[str]
    acknowledged_at: datetime


@dataclass(frozen=True)
class Objection:
    """An objection to what OBJECTED_TO is told of this person, that was acknowledged."""

    person: str
    acknowledged_at: datetime


@dataclass
class Races:
    """What was done, by kind, and what was acknowledged. `granted` are each person's consents.

    `pushed` is when the push was acknowledged of which a share in the charity's view tells; `emptied` when the last
    withdrawal was of each person who was in that view; `answered` are the seconds from there until the client had an
    answer that shows nothing.
    """

    world: FaultyWorld
    chance: random.Random
    did: Counter[str] = field(default_factory=Counter)
    withdrawals: list[Withdrawal] = field(default_factory=list)
    objections: list[Objection] = field(default_factory=list)
    granted: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    pushed: dict[str, datetime] = field(default_factory=dict)
    emptied: dict[str, datetime] = field(default_factory=dict)
    answered: list[float] = field(default_factory=list)
    _days: Iterator[int] = field(default_factory=lambda: itertools.count(40))

    async def ready(self) -> Person:
        """A person whom probation supervises, three others claim, and whom the prison's healthcare has taken on."""
        person = await self.world.person()
        await self.world.supervise(person)
        for agency in RACERS:
            await self.world.claim(person, agency)
        care = {"roles": ["prison-health-care"], "reason": "takes care of them here"}
        await self.world.desk(NORTHGATE).put(f"{person.path}/involvement/{OBJECTED_TO}", care)
        return person

    async def run(self, person: Person, *, rounds: int) -> None:
        """One person's race; then the charity sees them, another date is on its way, and all is withdrawn."""
        await self.race(person, rounds=rounds)
        await self.shows(person)
        await self.push(person)
        await self.empties(person)

    async def stays(self, person: Person, *, rounds: int) -> None:
        """The same race of a person whose last word is a consent."""
        await self.race(person, rounds=rounds)
        await self.shows(person)

    async def goes(self, person: Person, *, rounds: int) -> None:
        """All is withdrawn of a person whom the charity sees; then the same race."""
        await self.empties(person)
        await self.race(person, rounds=rounds)

    async def race(self, person: Person, *, rounds: int) -> None:
        """Everything at once, and then a withdrawal of all that was agreed to."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._pushes(person, rounds))
            group.create_task(self._grants(person, rounds))
            group.create_task(self._withdraws(person, rounds))
            group.create_task(self._objects(person, rounds // 3 + 1))
        await self._withdraw(person)
        await self.world.sees_nothing(CHARITY, person)

    async def shows(self, person: Person) -> None:
        """A consent and a date, until the charity's view has them."""
        await self._grant(person)
        on = await self.push(person)
        acknowledged = now()

        async def shown() -> str:
            release = (await self.world.view(CHARITY, person)).get("release") or {}
            there = release and release["content"]["release_date"] == on.isoformat()
            return str(release["share_id"]) if there else ""

        self.pushed[await eventually(shown, within=SHOWN_WITHIN, every=0.05)] = acknowledged

    async def push(self, person: Person, on: date | None = None) -> date:
        """A date, by default one that was not pushed before, with words by which this person's news are known again."""
        on = on or now().date() + timedelta(days=next(self._days))
        await self.world.push(person, on, reporting=words_about(person))
        return on

    async def empties(self, person: Person) -> None:
        """Withdraws all of a person who is in the charity's view, and waits until the charity is told nothing."""
        acknowledged = await self._withdraw(person)
        assert acknowledged is not None, "the last withdrawal was refused"
        self.emptied[person.id] = acknowledged
        await self.world.sees_nothing(CHARITY, person)
        self.answered.append((now() - acknowledged).total_seconds())

    async def merge(self, kept: Person, removed: Person) -> None:
        """The prison's own message that two numbers are one person's."""
        message = {
            "version": 1,
            "eventType": "prison-offender-events.prisoner.merged",
            "occurredAt": now().isoformat(),
            "additionalInformation": {"nomsNumber": kept.noms, "removedNomsNumber": removed.noms, "reason": "MERGE"},
        }
        answer = await self.world.desk("hmpps-national").call("POST", "/events", message)
        assert answer.status == 202, answer.status
        self.did["merge"] += 1

    async def _pushes(self, person: Person, rounds: int) -> None:
        for number in range(rounds):
            await self._if_allowed("push", self.push(person, now().date() + timedelta(days=20 + number)))
            await self._pause()

    async def _grants(self, person: Person, rounds: int) -> None:
        for number in range(rounds):
            more = {"categories": ["identity", "release-date"]} if number % 2 else {}
            if await self._if_allowed("grant", self._grant(person, **more)) and number % 3 == 0:
                await self._if_allowed("renewal", self._grant(person, **more))
            await self._pause()

    async def _grant(self, person: Person, **more: Any) -> None:
        self.granted[person.id].append(await self.world.consent(person, *RACERS, **more))

    async def _withdraws(self, person: Person, rounds: int) -> None:
        for _ in range(rounds // 2 + 1):
            await self._pause()
            await self._withdraw(person)

    async def _withdraw(self, person: Person) -> datetime | None:
        """When a withdrawal of everything was acknowledged; None if it was refused."""
        before = frozenset(self.granted[person.id])
        if not await self._if_allowed("withdrawal", self.world.withdraw(person, by=self.chance.choice(WITHDRAWERS))):
            return None
        acknowledged = now()
        self.withdrawals.append(Withdrawal(before, acknowledged))
        return acknowledged

    async def _objects(self, person: Person, rounds: int) -> None:
        for _ in range(rounds):
            await self._pause()
            body = {"recipients": [{"agency": OBJECTED_TO}], "purposes": ["direct-care"]}
            if await self._if_allowed("objection", self.world.desk(PROBATION).post(f"{person.path}/objections", body)):
                self.objections.append(Objection(person.id, now()))

    async def _if_allowed(self, what: str, doing: Awaitable[Any]) -> bool:
        """Does it; a refusal that a merge or an end beside it may cause is counted and no fault."""
        try:
            await doing
        except Refused as refused:
            if refused.status >= 500:
                raise
            self.did[f"{what} refused {refused.code}"] += 1
            return False
        self.did[what] += 1
        return True

    async def _pause(self) -> None:
        await asyncio.sleep(self.chance.uniform(0.0, 0.05))


def words_about(person: Person) -> str:
    """What the prison says of where to report, which is said of nobody else."""
    return f"Ask at the gate for {person.noms}"


async def together(races: Sequence[Callable[[], Awaitable[Any]]], *, at_once: int) -> None:
    """Runs them, so many at a time."""
    turns = asyncio.Semaphore(at_once)

    async def one(race: Callable[[], Awaitable[Any]]) -> None:
        async with turns:
            await race()

    async with asyncio.TaskGroup() as group:
        for race in races:
            group.create_task(one(race))
