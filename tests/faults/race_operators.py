"""Operators in the middle of a race: they suspend an agency and let it in again, publish an agreement, undo a merge."""

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import psycopg

from chassis.backoff import pause
from chassis.clock import now
from chassis.http_client import ServiceClient
from chassis.ids import new_id
from contracts.agreement import load_agreement
from tests.faults.client import AGAIN_IN, PATIENCE, FaultyWorld
from tests.support.eventually import eventually
from tests.system.world import DRUGS, Person
from throughgate.client import fetch_token
from throughgate.local.datadir import DataDir

SUSPENDED = DRUGS
"""Who is suspended now and then. The charity never is, so that its views tell of consents alone."""
SUSPENDED_FOR_S = 0.5
"""At least; and until something was decided about it, however busy the machine."""
_DECIDED = """
SELECT EXISTS (
    SELECT FROM decision JOIN decision_input ON decision_input.id = decision.input_id
    WHERE decided_at > %s AND recipient::json->>'id' = %s
)
"""
AGREEMENT = Path(__file__).resolve().parents[2] / "deploy" / "agreements" / "north-isa-1.0.0.yaml"
_minor = itertools.count(1)


@dataclass(frozen=True)
class Suspension:
    """From when a suspension was acknowledged until its end was asked for."""

    acknowledged_at: datetime
    until: datetime


@dataclass
class Operators:
    """What they did, by kind, and each time in which an agency was suspended for certain."""

    world: FaultyWorld
    did: Counter[str] = field(default_factory=Counter)
    suspensions: list[Suspension] = field(default_factory=list)

    @asynccontextmanager
    async def at_work(self, *, pause_s: float) -> AsyncIterator[None]:
        """While the block runs they suspend, let in again and publish; the agency is let in at the end.

        Each time everybody is decided again: the more people there are, the longer the pause must be.
        """
        stop = asyncio.Event()
        working = asyncio.create_task(self._work(stop, pause_s))
        try:
            yield
        finally:
            stop.set()
            await working

    async def part(self, kept: Person, removed: Person) -> None:
        """Undoes their merge."""
        data_dir = DataDir.at(self.world.stack.data_dir).read_stack()
        merge_id = await asyncio.to_thread(_merge_of, data_dir.databases["caseload"].owner_url, kept, removed)
        await self._ask("caseload", "POST", f"/v1/merges/{merge_id}/reversal")
        self.did["parting"] += 1

    async def _work(self, stop: asyncio.Event, pause_s: float) -> None:
        path = f"/v1/agencies/{SUSPENDED}/suspension"
        text = load_agreement(AGREEMENT).model_dump(mode="json", by_alias=True)
        while not stop.is_set():
            await self._ask("consent", "POST", path)
            acknowledged = now()
            await pause(stop, SUSPENDED_FOR_S)
            while not stop.is_set() and not await asyncio.to_thread(self._decided_since, acknowledged):
                await pause(stop, AGAIN_IN)
            self.suspensions.append(Suspension(acknowledged, now()))
            await self._ask("consent", "DELETE", path)
            self.did["suspension"] += 1
            await self._ask("consent", "POST", "/v1/agreements", text | {"version": f"1.{next(_minor)}.0"})
            self.did["publication"] += 1
            await pause(stop, pause_s)

    def _decided_since(self, moment: datetime) -> bool:
        """Whether anything was decided for the suspended agency."""
        data_dir = DataDir.at(self.world.stack.data_dir).read_stack()
        with psycopg.connect(data_dir.databases["consent"].owner_url) as connection:
            (found,) = connection.execute(_DECIDED, (moment, SUSPENDED)).fetchall()
        return bool(found[0])

    async def _ask(self, service: str, method: str, path: str, body: object = None) -> None:
        """Asks until it is answered, with the same key: a busy service may say that it cannot at the moment."""
        token = await fetch_token(self.world.http, "operator")
        at = DataDir.at(self.world.stack.data_dir).read_stack().services[service]
        headers = {"idempotency-key": new_id()}
        async with ServiceClient(at, timeout_s=60) as client:

            async def answered() -> bool:
                answer = await client.request(method, path, token=token, body=body, headers=headers)
                assert answer.ok, f"{method} at {service}: {answer.status}"
                return True

            await eventually(answered, within=PATIENCE, every=AGAIN_IN)


def _merge_of(caseload_url: str, kept: Person, removed: Person) -> str:
    with psycopg.connect(caseload_url) as connection:
        of_both = "SELECT id FROM merge WHERE kept_id = %s AND removed_id = %s"
        (found,) = connection.execute(of_both, (kept.id, removed.id)).fetchall()
    return str(found[0])
