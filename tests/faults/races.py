"""Agencies that do everything to one person at once: pushes, consents, withdrawals, renewals, objections, merges; and
operators who suspend an agency and publish an agreement meanwhile. Everything goes through the gateways.

What was acknowledged, and when, is written down: the checker (tests.faults.race_checks) needs nothing else of it.
"""

import asyncio
import itertools
import json
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from chassis.clock import now
from chassis.http_client import ServiceClient
from chassis.ids import new_id
from contracts.agreement import load_agreement
from tests.faults.client import FaultyWorld
from tests.support.eventually import eventually
from tests.system.world import CHARITY, DRUGS, GATEHOUSE, NORTHGATE, PROBATION, Person
from throughgate.client import Refused, fetch_token
from throughgate.local.datadir import DataDir

SUSPENDED = DRUGS
"""Who is suspended now and then. The charity never is, so that its views tell of consents alone."""
RACERS = (CHARITY, GATEHOUSE, DRUGS)
AGREEMENT = Path(__file__).resolve().parents[2] / "deploy" / "agreements" / "north-isa-1.0.0.yaml"
_minor = itertools.count(1)


@dataclass(frozen=True)
class Withdrawal:
    """A withdrawal that was acknowledged, and the consents whose grant had been acknowledged before it was sent."""

    consents: frozenset[str]
    acknowledged_at: datetime


@dataclass
class Races:
    """What was done, by kind, and what was acknowledged. `emptied` is when each person's last withdrawal was;
    `answered` are the seconds from there until the client had an answer that shows nothing."""

    world: FaultyWorld
    chance: random.Random
    did: Counter[str] = field(default_factory=Counter)
    withdrawals: list[Withdrawal] = field(default_factory=list)
    emptied: dict[str, datetime] = field(default_factory=dict)
    answered: list[float] = field(default_factory=list)

    async def ready(self) -> Person:
        """A person whom probation supervises and three others may hear of, with a consent and a date at the charity."""
        person = await self.world.person()
        await self.world.supervise(person)
        for agency in RACERS:
            await self.world.claim(person, agency)
        return person

    async def run(self, person: Person, *, rounds: int) -> list[str]:
        """One person's race, and then the last withdrawal, after which the charity's view must be empty; the consents
        that were given."""
        granted: list[str] = []
        async with asyncio.TaskGroup() as group:
            group.create_task(self._pushes(person, rounds))
            group.create_task(self._grants(person, granted, rounds))
            group.create_task(self._withdraws(person, granted, rounds))
            group.create_task(self._objects(person, rounds // 3 + 1))
        await self.empties(person, granted)
        return granted

    async def empties(self, person: Person, granted: list[str]) -> None:
        """Withdraws everything and waits until the view is empty."""
        await self._withdraw(person, granted)
        self.emptied[person.id] = acknowledged = now()
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

    async def part(self, kept: Person, removed: Person) -> None:
        """An operator undoes their merge, and both have a new date."""
        data_dir = DataDir.at(self.world.stack.data_dir).read_stack()
        merge_id = await asyncio.to_thread(_merge_of, data_dir.databases["caseload"].owner_url, kept, removed)
        token = await fetch_token(self.world.http, "operator")
        async with ServiceClient(data_dir.services["caseload"], timeout_s=60) as caseload:
            path = f"/v1/merges/{merge_id}/reversal"
            answer = await caseload.call("POST", path, token=token, headers={"idempotency-key": new_id()})
        assert answer.ok, answer.status
        self.did["parting"] += 1
        for person in (kept, removed):
            await self.world.push(person, now().date() + timedelta(days=300))

    async def operate(self, stop: asyncio.Event, *, pause_s: float) -> None:
        """Suspends and lets in again, and publishes, until told to stop; the agency is let in at the end.

        Each time everybody is decided again: the more people there are, the longer the pause that keeps verdicts mixed.
        """
        at = DataDir.at(self.world.stack.data_dir).read_stack().services["consent"]
        token = await fetch_token(self.world.http, "operator")
        path = f"/v1/agencies/{SUSPENDED}/suspension"
        text = load_agreement(AGREEMENT).model_dump(mode="json", by_alias=True)
        async with ServiceClient(at, timeout_s=60) as consent:
            while not stop.is_set():
                for method in ("POST", "DELETE"):
                    await consent.call(method, path, token=token, headers={"idempotency-key": new_id()})
                    await self._pause()
                self.did["suspension"] += 1
                version = {"version": f"1.{next(_minor)}.0"}
                await consent.call("POST", "/v1/agreements", token=token, body=text | version)
                self.did["publication"] += 1
                await self._pause(pause_s)

    async def _pushes(self, person: Person, rounds: int) -> None:
        for number in range(rounds):
            await self._if_allowed("push", self.world.push(person, now().date() + timedelta(days=20 + number)))
            await self._pause()

    async def _grants(self, person: Person, granted: list[str], rounds: int) -> None:
        for number in range(rounds):
            more = {"categories": ["identity", "release-date"]} if number % 2 else {}
            if await self._if_allowed("grant", self._grant(person, granted, more)) and number % 3 == 0:
                await self._if_allowed("renewal", self._grant(person, granted, more))
            await self._pause()

    async def _grant(self, person: Person, granted: list[str], more: dict[str, Any]) -> None:
        granted.append(await self.world.consent(person, *RACERS, **more))

    async def _withdraws(self, person: Person, granted: list[str], rounds: int) -> None:
        for _ in range(rounds // 2 + 1):
            await self._pause()
            await self._withdraw(person, granted)

    async def _withdraw(self, person: Person, granted: list[str]) -> None:
        before = frozenset(granted)
        if await self._if_allowed("withdrawal", self.world.withdraw(person, by=self.chance.choice(WITHDRAWERS))):
            self.withdrawals.append(Withdrawal(before, now()))

    async def _objects(self, person: Person, rounds: int) -> None:
        for _ in range(rounds):
            body = {"recipients": [{"agency": GATEHOUSE}]}
            await self._if_allowed("objection", self.world.desk(PROBATION).post(f"{person.path}/objections", body))
            await self._pause()

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

    async def _pause(self, top: float = 0.05) -> None:
        await asyncio.sleep(self.chance.uniform(0.0, top))


WITHDRAWERS = (NORTHGATE, PROBATION, CHARITY)


def _merge_of(caseload_url: str, kept: Person, removed: Person) -> str:
    with psycopg.connect(caseload_url) as connection:
        of_both = "SELECT id FROM merge WHERE kept_id = %s AND removed_id = %s"
        (found,) = connection.execute(of_both, (kept.id, removed.id)).fetchall()
    return str(found[0])


async def together(races: list[Callable[[], Awaitable[Any]]], *, at_once: int) -> None:
    """Runs them, so many at a time."""
    turns = asyncio.Semaphore(at_once)

    async def one(race: Callable[[], Awaitable[Any]]) -> None:
        async with turns:
            await race()

    async with asyncio.TaskGroup() as group:
        for race in races:
            group.create_task(one(race))


async def seen_by_the_charity(world: FaultyWorld, person: Person) -> None:
    async def shown() -> bool:
        return await world.release(CHARITY, person) is not None

    await eventually(shown, within=120, every=0.1)


async def bulk_lines(persons: int, *, seed: int) -> AsyncIterator[bytes]:
    """Lines of a bulk load about people nobody else knows."""
    letters = "ABCDEFGHJKLMNPQRTUVWXYZ"
    for number in range(persons):
        noms = f"D{number % 10000:04d}{letters[seed % 23]}{letters[seed // 23 % 23]}"
        line = {
            "person": f"noms:{noms}",
            "date_type": "CRD",
            "date": (now().date() + timedelta(days=20 + number % 300)).isoformat(),
            "status": "calculated",
            "reason": "first-calculation",
            "identifiers": [{"scheme": "noms", "value": noms}],
            "name": {"family": f"Bulk{number}", "given": "Robin"},
            "date_of_birth": "1980-05-05",
        }
        yield json.dumps(line).encode() + b"\n"
