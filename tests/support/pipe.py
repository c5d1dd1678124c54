"""The whole pipe in one process: every service's real application, database, handlers and outbox, and no broker.

What a service writes to its outbox is carried to the consumers of its topic, through the consumer's own door, by a task
that runs beside the test. For what a broker and processes add there are the system tests.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI
from sqlalchemy import text

import audit.handlers
import audit.main
import caseload.handlers
import caseload.main
import consent.handlers
import consent.main
import referral.handlers
import referral.main
import release_notify.handlers
import release_notify.main
from audit.signing import signer
from chassis import clock
from chassis.consumer import Consumer, dispatch
from chassis.db import Database, is_passing
from chassis.http_client import ServiceClient
from chassis.ids import new_id
from chassis.settings import Environment, Settings
from chassis.stream import Message
from contracts.codes import AgencyKind
from contracts.envelope import Envelope
from contracts.topics import Topic
from gateway.api.caller import Owners
from gateway.front import create
from gateway.handlers import believing, projecting
from gateway.wake import Wakes
from tests.support.http import client, in_process
from tests.support.postgres import MakeDatabase, TestDatabase
from tests.support.standing import standing, undecided
from tests.support.tokens import TOKENS

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"

TOKEN_KEPT_S = 120
"""Less than a token's own time."""

SERVICES = ("caseload", "release_notify", "referral", "consent", "audit", "gateway")

_TAKE = """
UPDATE outbox SET sent_at = now() WHERE sent_at IS NULL
RETURNING id, event_id, topic, key, version, type, time, traceparent, body
"""


@dataclass
class Pipe:
    """`call` speaks to the gateways as an agency; `carry` hands on what is in the outboxes, `settle` until all is.

    `parking`: here messages are parked on purpose, and nobody asks what stands.
    """

    http: httpx2.AsyncClient
    front: FastAPI
    gateway: TestDatabase
    outboxes: Mapping[str, Database]
    consumers: Sequence[Consumer]
    timers: Any
    stopped: set[Topic] = field(default_factory=set)
    kept: list[Message] = field(default_factory=list)
    tokens: dict[tuple[str, str, str | None], tuple[float, Mapping[str, str]]] = field(default_factory=dict)
    broken: Exception | None = None
    parking: bool = False
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __repr__(self) -> str:
        """Short: a failing example shows what it was called with."""
        return "Pipe()"

    async def call(
        self,
        agency: str,
        kind: AgencyKind | str,
        method: str,
        path: str,
        body: Any = None,
        *,
        member: str | None = None,
        raw: bytes | None = None,
        params: Mapping[str, str | int] | None = None,
        timeout: float = 60,
        **headers: str,
    ) -> httpx2.Response:
        """A call at the gateway of this agency's kind; a POST gets a key of its own."""
        if self.broken is not None:
            raise self.broken
        sent = dict(self._authorization(agency, kind, member))
        if method == "POST":
            sent["idempotency-key"] = new_id()
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.request(
            method, f"/{kind}/v1{path}", headers=sent, json=body, content=raw, params=params, timeout=timeout
        )

    def _authorization(self, agency: str, kind: AgencyKind | str, member: str | None) -> Mapping[str, str]:
        """A token is good for more than one call, and signing costs about as much as a small call."""
        at, who = time.monotonic(), (agency, str(kind), member)
        if who not in self.tokens or self.tokens[who][0] < at:
            self.tokens[who] = (at + TOKEN_KEPT_S, TOKENS.headers(agency, kind, member=member))
        return self.tokens[who][1]

    async def feed(self, agency: str, kind: AgencyKind | str, **params: str | int) -> list[dict[str, Any]]:
        """Every item of the agency's feed, from the beginning."""
        answer = await self.call(agency, kind, "GET", "/feed", params={"limit": 500, **params})
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    async def carry(self) -> int:
        """Hand on what is in the outboxes now; topics in `stopped` are kept back. Returns how many messages.

        One at a time, so that nothing overtakes; what could not be handed on for now goes first the next time.
        """
        async with self.turn:
            for name, database in self.outboxes.items():
                async with database.transaction() as session:
                    rows = (await session.execute(text(_TAKE))).all()
                for row in sorted(rows, key=lambda row: row.id):
                    envelope = Envelope(row.event_id, name, row.type, row.key, row.time, row.version, row.traceparent)
                    self.kept.append(Message(row.topic, row.key, envelope, bytes(row.body)))
            staying = [message for message in self.kept if message.topic in self.stopped]
            going = [message for message in self.kept if message.topic not in self.stopped]
            for consumer in self.consumers:
                mine = [message for message in going if message.topic in consumer.topics]
                if mine:
                    await consumer.process(mine, asyncio.Event())
            self.kept = staying
            return len(going)

    @asynccontextmanager
    async def carrying(self) -> AsyncIterator[None]:
        """Carry in the background; at the end all that is under way is finished, so that nothing hangs between tests.

        Raises what ended the carrier, if something did.
        """
        stop = asyncio.Event()
        task = asyncio.create_task(_carry_on(self, stop))
        try:
            yield
        finally:
            stop.set()
            await task
        await self.settle()

    async def settle(self) -> None:
        """Carry until nothing more comes of it, and nothing stands for good."""
        while True:
            asked = clock.now()
            await self.timers.decide()
            if not await self.carry():
                break
        if not self.parking:
            stands = await standing(self.consumers) + await undecided(self.outboxes["consent"], asked=asked)
            assert not stands, f"{len(stands)}: " + "\n".join(stands[:20])


@asynccontextmanager
async def piped(
    fresh_database: MakeDatabase, deploy_dir: Path = DEPLOY, *, parking: bool = False, **broker: Any
) -> AsyncIterator[Pipe]:
    """All of Throughgate over fresh databases, with the agencies and agreements of deploy/ or of a folder like it.

    With the settings of a `broker` the consumers can be run on that as well.
    """
    rows = {name: fresh_database(name) for name in SERVICES}
    databases = {name: Database(found.url, pool_size=5) for name, found in rows.items()}
    projector = Database(rows["gateway"].login_url("gateway_projector"), pool_size=2)
    settings = Settings(environment=Environment.TEST, deploy_dir=deploy_dir, **broker)
    verifier = TOKENS.verifier()
    signing = signer(settings.log_origin, Ed25519PrivateKey.generate())

    def at(app: FastAPI) -> ServiceClient:
        return ServiceClient("http://owner.test", transport=in_process(app))

    owners = Owners(
        caseload=at(caseload.main.create(settings, databases["caseload"], verifier=verifier)),
        release_notify=at(release_notify.main.create(settings, databases["release_notify"], verifier=verifier)),
        referral=at(referral.main.create(settings, databases["referral"], verifier=verifier)),
        consent=at(consent.main.create(settings, databases["consent"], verifier=verifier)),
        audit=at(audit.main.create(settings, databases["audit"], signing, verifier=verifier)),
    )
    wakes = Wakes(databases["gateway"])
    front = create(settings, databases["gateway"], owners, wakes, verifier=verifier)

    def reading(name: str, database: Database, topics: Sequence[Topic], apply: Any, **more: Any) -> Consumer:
        return Consumer(database, settings, group=name, topics=topics, apply=apply, **more)

    show = projecting(signing.verifier)
    consumers = [
        reading(
            "release-notify", databases["release_notify"], release_notify.main.TOPICS, release_notify.handlers.apply
        ),
        reading("caseload", databases["caseload"], caseload.main.TOPICS, dispatch(caseload.handlers.HANDLERS)),
        reading("referral", databases["referral"], referral.main.TOPICS, referral.handlers.apply),
        reading("consent", databases["consent"], consent.handlers.TOPICS, consent.handlers.apply),
        reading("gateway-denials", projector, [Topic.SHARE_DENIALS], show),
        reading("audit", databases["audit"], audit.handlers.TOPICS, audit.handlers.appending(signing)),
        reading("gateway-projector", projector, [Topic.SHARE_LOG], show, believes=believing(signing.verifier)),
    ]
    await caseload.main.load_agencies(databases["caseload"], settings)
    await consent.main.publish_agreements(
        databases["consent"], consent.main.read_agreements(settings.deploy_dir / "agreements")
    )
    listening = asyncio.create_task(wakes.run())
    async with client(front) as http:
        timers = consent.main.Timers(databases["consent"])
        pipe = Pipe(http, front, rows["gateway"], databases, consumers, timers, parking=parking)
        await pipe.settle()
        try:
            yield pipe
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
            await owners.aclose()
            for database in (*databases.values(), projector):
                await database.close()


async def _carry_on(pipe: Pipe, stop: asyncio.Event) -> None:
    while not stop.is_set():
        try:
            await pipe.timers.decide()
            moved = await pipe.carry()
        except Exception as error:
            if not is_passing(error):
                pipe.broken = error
                raise
            moved = 0
        if not moved:
            await asyncio.sleep(0.05)
