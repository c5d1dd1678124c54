"""Release-notify over a database of the test's own, called by made-up prisons and told of movements by caseload."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from chassis.consumer import Consumer
from chassis.db import Database
from chassis.ids import new_id
from chassis.settings import Environment, Settings
from chassis.stream import Message
from contracts.caseload import CustodyChangedV1, PersonMergedV1, PersonUnmergedV1
from contracts.codes import AgencyKind, CustodyStatus
from contracts.envelope import Envelope
from contracts.event import EventData
from contracts.offers import OfferMadeV1
from contracts.topics import Topic
from release_notify.handlers import apply
from release_notify.main import create
from release_notify.operations.timers import fire_milestones, settle_shared_addresses
from tests.support.http import client
from tests.support.postgres import MakeDatabase
from tests.support.tokens import TOKENS

NORTHGATE = "hmp-northgate"
SOUTHMOOR = "hmp-southmoor"
NOW = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)
"""A Monday."""


class World:
    """The running service; `now` is what its clock says to requests and timers."""

    def __init__(self, http: httpx2.AsyncClient, database: Database, consumer: Consumer) -> None:
        self.http = http
        self.database = database
        self.consumer = consumer
        self.now = NOW
        self.versions: Counter[str] = Counter()

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        agency: str = NORTHGATE,
        kind: AgencyKind = AgencyKind.PRISON,
        member: str | None = None,
        raw: bytes | None = None,
        **headers: str,
    ) -> httpx2.Response:
        sent = TOKENS.headers(agency, kind, member=member)
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.request(method, f"/v1{path}", headers=sent, json=body, content=raw)

    async def get(self, path: str, **options: Any) -> httpx2.Response:
        return await self.call("GET", path, **options)

    async def push(self, person: str, kind: str, day: str, *, headers: Any = None, **more: Any) -> httpx2.Response:
        options = {name: more.pop(name) for name in ("agency", "member") if name in more}
        body = {"date": day, "status": "calculated", "reason": "first-calculation"} | more
        return await self.call("PUT", f"/people/{person}/release-dates/{kind}", body, **options, **(headers or {}))

    async def hear(self, *events: EventData) -> None:
        """What caseload says, through the consumer's own door."""
        messages = []
        for event in events:
            self.versions[event.key] += 1
            envelope = Envelope(
                id=event.event_id or new_id(),
                source="caseload",
                type=event.TYPE,
                subject=event.key,
                time=self.now,
                version=self.versions[event.key],
            )
            messages.append(Message(str(Topic.CASELOAD_EVENTS), event.key, envelope, event.model_dump_json().encode()))
        await self.consumer.process(messages, asyncio.Event())

    async def moved(
        self,
        person: str,
        status: str,
        prison: str | None,
        *,
        at: datetime,
        custody_id: str = "c1",
        registered: bool = False,
    ) -> None:
        await self.hear(
            CustodyChangedV1(
                person_id=person,
                movement_id=new_id(),
                custody_id=custody_id,
                status=CustodyStatus(status),
                prison=prison,
                occurred_at=at,
                moved_at=None if registered else at,
                at=self.now,
            )
        )

    async def held(self, *, by: str = NORTHGATE) -> str:
        """A person received by a prison in January."""
        person = new_id()
        await self.moved(person, "received", by, at=datetime(2026, 1, 5, 10, tzinfo=UTC), custody_id=new_id())
        return person

    async def merged(self, kept: str, removed: str, *, at: datetime | None = None) -> None:
        """Now and later than what was told before, unless it is said when."""
        self.now += timedelta(microseconds=1)
        await self.hear(PersonMergedV1(merge_id=new_id(), kept_id=kept, removed_id=removed, at=at or self.now))

    async def unmerged(self, kept: str, removed: str) -> None:
        self.now += timedelta(microseconds=1)
        await self.hear(PersonUnmergedV1(merge_id=new_id(), kept_id=kept, removed_id=removed, at=self.now))

    async def tick(self) -> int:
        """One run of the milestones' timer, as after a restart: it has nothing but the database."""
        fired = 0
        while True:
            async with self.database.transaction() as session:
                count = await fire_milestones(session, now=self.now)
            fired += count
            if not count:
                return fired

    async def look_at_addresses(self) -> int:
        async with self.database.transaction() as session:
            return await settle_shared_addresses(session, now=self.now)

    async def rows(self, statement: str, **values: Any) -> list[Any]:
        async with self.database.session() as session:
            return list(await session.execute(text(statement), values))

    async def events(self, type_: str, person: str | None = None) -> list[dict[str, Any]]:
        """The data of every event of a type in the outbox, of one person or of all, oldest first."""
        rows = await self.rows("SELECT body FROM outbox WHERE type = :type ORDER BY id", type=type_)
        found = [json.loads(bytes(body)) for (body,) in rows]
        return [data for data in found if person in (None, data["person_id"])]

    async def offers(self, person: str) -> list[dict[str, Any]]:
        return await self.events(OfferMadeV1.TYPE, person)

    async def offers_of_all(self) -> list[dict[str, Any]]:
        return await self.events(OfferMadeV1.TYPE)

    async def milestones(self, person: str) -> list[str]:
        return [each["milestone"] for each in await self.events("release.milestone-reached.v1", person)]


@pytest.fixture
async def world(fresh_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    database = Database(fresh_database("release_notify").url)
    settings = Settings(environment=Environment.TEST, service="release-notify")
    app = create(settings, database, verifier=TOKENS.verifier())
    consumer = Consumer(database, settings, group="release-notify", topics=(Topic.CASELOAD_EVENTS,), apply=apply)
    async with client(app) as http:
        made = World(http, database, consumer)
        monkeypatch.setattr("chassis.clock.now", lambda: made.now)
        yield made
    await database.close()
