"""Consent on a real PostgreSQL, fed with events as its consumer feeds it; what it sends is read from its outbox."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text

from chassis import clock
from chassis.consumer import Received
from chassis.db import Database
from chassis.ids import new_id
from consent import handlers
from consent.operations.deciding import decide_due
from consent.operations.policy import publish
from contracts.caseload import Agency, AgencyRegisteredV1, InvolvementChangedV1, MappaChangedV1
from contracts.codes import AgencyKind, Category, InvolvementState
from contracts.event import EventData
from contracts.offers import Addressee, EmergencyAssertion, OfferMadeV1, ReferralAssertion
from tests.support.consent_world import agencies, north_isa

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class ConsentService:
    """One consent service. Every method is one transaction, as at the edge."""

    database: Database
    involvements: dict[tuple[str, str], str] = field(default_factory=dict)

    async def start(self) -> None:
        """The register and the default agreement."""
        register = [
            AgencyRegisteredV1(
                agency_id=fact.id,
                agency=Agency(
                    id=fact.id,
                    kind=fact.kind,
                    name=fact.id,
                    area=fact.area,
                    nhs_body=fact.nhs_body,
                    contracted_by=fact.contracted_by,
                ),
                at=LONG_AGO,
            )
            for fact in agencies().values()
        ]
        await self.feed(*register)
        async with self.database.transaction() as session:
            await publish(session, agreement=north_isa(), actor="deployment", now=clock.now())

    async def feed(self, *events: EventData) -> None:
        """One batch of events, applied as the consumer applies it."""
        async with self.database.transaction() as session:
            await handlers.apply(session, [received(event) for event in events])

    async def drain(self) -> int:
        """Everything that is due or queued, decided."""
        total = 0
        while True:
            async with self.database.transaction() as session:
                done = await decide_due(session, now=clock.now())
            if not done:
                return total
            total += done

    def involvement(
        self, person: str, agency: str, state: str = "confirmed", *, roles: tuple[str, ...] = ("care",), **more: Any
    ) -> InvolvementChangedV1:
        return InvolvementChangedV1(
            person_id=person,
            involvement_id=self.involvements.setdefault((person, agency), new_id()),
            agency=agency,
            state=InvolvementState(state),
            roles=roles,
            since=LONG_AGO,
            via="claim",
            at=LONG_AGO,
            **more,
        )

    async def events(self, *types: str) -> list[dict[str, Any]]:
        """What was written to the outbox, oldest first; each with its `type`."""
        async with self.database.session() as session:
            rows = await session.execute(text("SELECT type, body FROM outbox ORDER BY id"))
            found = [json.loads(bytes(body)) | {"_type": name} for name, body in rows]
        return [event for event in found if not types or event["_type"] in types]

    async def decisions(self, recipient: str | None = None) -> list[dict[str, Any]]:
        """Every decision, oldest first, with its offer's category and version."""
        return [
            decision | {"category": event["category"], "version": event["version"], "person_id": event["person_id"]}
            for event in await self.events("offer.decided.v1")
            for decision in event["decisions"]
            if recipient in (None, decision["recipient"])
        ]

    async def visible(self, recipient: str) -> set[tuple[str, int]]:
        """What a recipient holds now: permits that nothing ended or took the place of, as category and version."""
        async with self.database.session() as session:
            rows = await session.execute(
                text("SELECT category, offer_version FROM share WHERE recipient = :r AND ended_at IS NULL"),
                {"r": recipient},
            )
            return {(category, version) for category, version in rows}


def offer(
    person: str,
    *,
    source: str = "hmp-northgate",
    category: Category = Category.RELEASE_DATE,
    version: int = 1,
    subject_ref: str | None = None,
    content: dict[str, Any] | None = None,
    retracted: bool = False,
    to: tuple[str, ...] = (),
    kinds: tuple[AgencyKind, ...] = (),
    justification: str | None = None,
    referral: ReferralAssertion | None = None,
) -> OfferMadeV1:
    said = content or {"release_date": "2027-03-05", "date_type": "CRD", "status": "confirmed", "reason": "correction"}
    addressed = [Addressee(agency=name) for name in to] + [Addressee(kind=kind) for kind in kinds]
    return OfferMadeV1(
        offer_id=new_id(),
        person_id=person,
        source=source,
        category=category,
        subject_ref=subject_ref or f"{category}-of-{person}",
        version=version,
        type=f"{category}.changed",
        content=None if retracted else said,
        occurred_at=clock.now(),
        addressees=tuple(addressed) or None,
        emergency=EmergencyAssertion(member="m.okafor", justification=justification) if justification else None,
        referral=referral,
    )


def mappa(person: str, managed: bool = True) -> MappaChangedV1:
    return MappaChangedV1(person_id=person, agency="probation-north", managed=managed, at=LONG_AGO)


def received(event: EventData) -> Received[EventData]:
    return Received(new_id(), str(event.TOPIC), event.key, 1, clock.now(), None, event)
