"""Referral over a database of the test's own, called by made-up agencies and told by others through its consumer."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from chassis.consumer import Consumer
from chassis.db import Database
from chassis.ids import new_id
from chassis.settings import Environment, Settings
from chassis.stream import Message
from contracts.caseload import Agency, AgencyContact, AgencyRegisteredV1, PersonMergedV1, PersonUnmergedV1
from contracts.codes import AgencyKind, Category, Direction
from contracts.envelope import Envelope
from contracts.event import EventData
from contracts.log import ShareReceiptedV1
from contracts.offers import OfferMadeV1
from contracts.release import ReleaseDateChangedV1
from referral.handlers import apply
from referral.main import TOPICS, create
from referral.operations.timers import expire, mark_overdue, turn_windows
from tests.support.http import client
from tests.support.postgres import MakeDatabase
from tests.support.tokens import TOKENS

PRISON, PROBATION = "hmp-northgate", "probation-north"
TRUST, OTHER_TRUST, DRUGS = "mht-riverside", "mht-moorland", "das-riverside"
KINDS = {
    PRISON: AgencyKind.PRISON,
    PROBATION: AgencyKind.PROBATION,
    TRUST: AgencyKind.MENTAL_HEALTH,
    OTHER_TRUST: AgencyKind.MENTAL_HEALTH,
    DRUGS: AgencyKind.DRUG_ALCOHOL,
    "police-north": AgencyKind.POLICE,
    "auditor-north": AgencyKind.AUDITOR,
}
AREA = "northshire"
NOW = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)
"""A Monday, ten in London."""


class World:
    """The running service; `now` is what its clock says. Its offers are decided by the tests themselves."""

    def __init__(self, http: httpx2.AsyncClient, database: Database, consumer: Consumer) -> None:
        self.http = http
        self.database = database
        self.consumer = consumer
        self.now = NOW
        self.versions: Counter[tuple[str, str]] = Counter()
        self.log_size = 0

    async def call(
        self, method: str, path: str, body: Any = None, *, agency: str = PRISON, **headers: str
    ) -> httpx2.Response:
        sent = TOKENS.headers(agency, KINDS[agency], member="clerk-1")
        if method == "POST" and "Idempotency_Key" not in headers:
            headers["Idempotency_Key"] = new_id()
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.request(method, f"/v1{path}", headers=sent, json=body)

    async def get(self, path: str, *, agency: str = PRISON, **headers: str) -> httpx2.Response:
        return await self.call("GET", path, agency=agency, **headers)

    async def write(self, person: str, *, to: str | None = TRUST, agency: str = PRISON, **more: Any) -> httpx2.Response:
        body = {
            "person": person,
            "to_agency": to,
            "needs": ["mental-health"],
            "reason": "Asks for help before release.",
            "urgency": "urgent",
            "statutory": False,
        } | more
        return await self.call("POST", "/referrals", body, agency=agency)

    async def view(self, referral_id: str, agency: str) -> dict[str, Any]:
        answer = await self.get(f"/referrals/{referral_id}", agency=agency)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        assert answer.headers["etag"] == f'"{found["version"]}"'
        return found

    async def act(
        self, referral_id: str, action: str, body: Any = None, *, agency: str = TRUST, etag: str | None = None
    ) -> httpx2.Response:
        """An action with the ETag that the agency has now, unless another is given."""
        etag = etag or f'"{(await self.view(referral_id, agency))["version"]}"'
        return await self.call("POST", f"/referrals/{referral_id}/{action}", body, agency=agency, If_Match=etag)

    async def did(self, referral_id: str, action: str, body: Any = None, *, agency: str = TRUST) -> dict[str, Any]:
        """As `act`, held to have been done."""
        answer = await self.act(referral_id, action, body, agency=agency)
        assert answer.status_code in (200, 201), answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def received(self, person: str | None = None, **more: Any) -> str:
        """A referral whose share is in the log; returns its id."""
        written = await self.write(person or new_id(), **more)
        assert written.status_code == 201, written.text
        referral_id: str = written.json()["referral_id"]
        await self.decide(Category.REFERRAL, referral_id)
        return referral_id

    async def hear(self, *events: EventData) -> None:
        """What other services say, through the consumer's own door."""
        messages = []
        for event in events:
            stream = (str(event.TOPIC), event.key)
            self.versions[stream] += 1
            envelope = Envelope(
                id=event.event_id or new_id(),
                source="others",
                type=event.TYPE,
                subject=event.key,
                time=self.now,
                version=self.versions[stream],
            )
            messages.append(Message(stream[0], event.key, envelope, event.model_dump_json().encode()))
        await self.consumer.process(messages, asyncio.Event())

    async def decide(
        self, category: Category, subject_ref: str, *, permitted: bool = True, version: int | None = None
    ) -> None:
        """The receipt of the newest offer of a subject, or of an older version of it."""
        offers = [each for each in await self.offers() if each["subject_ref"] == subject_ref]
        assert offers, "nothing was offered"
        offer = offers[-1] if version is None else next(each for each in offers if each["version"] == version)
        assert offer["category"] == category
        to = (offer["addressees"][0]["agency"],)
        await self.receipt(offer, to if permitted else (), () if permitted else to)

    async def receipt(
        self,
        offer: dict[str, Any],
        permitted_to: tuple[str, ...],
        refused_to: tuple[str, ...],
        *,
        person: str | None = None,
        index: int | None = None,
    ) -> None:
        """What the log says of an offer: as its newest entry and under the offer's number, unless others are given."""
        self.log_size += 1
        await self.hear(
            ShareReceiptedV1(
                person_id=person or offer["person_id"],
                offer_id=offer["offer_id"],
                source=offer["source"],
                category=offer["category"],
                subject_ref=offer["subject_ref"],
                version=offer["version"],
                permitted=len(permitted_to),
                refused=len(refused_to),
                index=self.log_size if index is None else index,
                permitted_to=permitted_to,
                refused_to=refused_to,
                at=self.now,
            )
        )

    async def name_contact(self, agency: str, contact: dict[str, str]) -> None:
        """The register names an agency's single point of contact."""
        desk = AgencyContact.model_validate(contact)
        entry = Agency(id=agency, kind=KINDS[agency], name=agency, area=AREA, contact=desk)
        await self.hear(AgencyRegisteredV1(agency_id=agency, agency=entry, at=self.now))

    async def decide_answer(self, referral_id: str, *, permitted: bool = True) -> None:
        """The receipt of the newest answer to a referral."""
        (subject,) = (await self.rows("SELECT status_id FROM referral WHERE referral_id = :id", id=referral_id))[0]
        await self.decide(Category.REFERRAL_STATUS, subject, permitted=permitted)

    async def release(
        self, person: str, release_id: str, day: date | None, *, version: int, shown_to: tuple[str, ...] = ()
    ) -> None:
        """A prison's date, and who was permitted to see that version of it."""
        await self.hear(
            ReleaseDateChangedV1(
                person_id=person,
                release_id=release_id,
                version=version,
                date_type=None,
                old_date=None,
                new_date=day,
                direction=Direction.NEW,
                notice_working_days=None,
                flags=(),
                reason=None,
                prison=PRISON,
                at=self.now,
            )
        )
        if shown_to:
            await self.show_release(person, release_id, version=version, to=shown_to)

    async def show_release(
        self, person: str, release_id: str, *, version: int, to: tuple[str, ...] = (), refused: tuple[str, ...] = ()
    ) -> None:
        await self.hear(
            ShareReceiptedV1(
                person_id=person,
                offer_id=new_id(),
                source=PRISON,
                category=Category.RELEASE_DATE,
                subject_ref=release_id,
                version=version,
                permitted=len(to),
                refused=len(refused),
                index=1,
                permitted_to=to,
                refused_to=refused,
                at=self.now,
            )
        )

    async def merged(self, kept: str, removed: str, *, at: datetime | None = None) -> None:
        """Now and later than what was told before, unless it is said when."""
        self.now += timedelta(microseconds=1)
        await self.hear(PersonMergedV1(merge_id=new_id(), kept_id=kept, removed_id=removed, at=at or self.now))

    async def unmerged(self, kept: str, removed: str) -> None:
        self.now += timedelta(microseconds=1)
        await self.hear(PersonUnmergedV1(merge_id=new_id(), kept_id=kept, removed_id=removed, at=self.now))

    async def tick(self) -> tuple[int, int, int]:
        """One run of every timer, as after a restart: overdue, expired, windows."""
        counts = []
        for work in (mark_overdue, expire, turn_windows):
            async with self.database.transaction() as session:
                counts.append(await work(session, now=self.now))
        return counts[0], counts[1], counts[2]

    def wait(self, **span: float) -> None:
        self.now += timedelta(**span)

    async def rows(self, statement: str, **values: Any) -> list[Any]:
        async with self.database.session() as session:
            return list(await session.execute(text(statement), values))

    async def events(self, type_: str) -> list[dict[str, Any]]:
        rows = await self.rows("SELECT body FROM outbox WHERE type = :type ORDER BY id", type=type_)
        return [json.loads(bytes(body)) for (body,) in rows]

    async def offers(self, category: Category | None = None) -> list[dict[str, Any]]:
        found = await self.events(OfferMadeV1.TYPE)
        return [each for each in found if category in (None, each["category"])]


@pytest.fixture
async def world(fresh_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    database = Database(fresh_database("referral").url)
    settings = Settings(environment=Environment.TEST, service="referral")
    app = create(settings, database, verifier=TOKENS.verifier())
    consumer = Consumer(database, settings, group="referral", topics=TOPICS, apply=apply)
    async with client(app) as http:
        made = World(http, database, consumer)
        monkeypatch.setattr("chassis.clock.now", lambda: made.now)
        await made.hear(
            *(
                AgencyRegisteredV1(
                    agency_id=agency, agency=Agency(id=agency, kind=kind, name=agency, area=AREA), at=NOW
                )
                for agency, kind in KINDS.items()
            )
        )
        yield made
    await database.close()
