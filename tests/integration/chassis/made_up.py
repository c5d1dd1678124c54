"""Made-up events of the tests' own, over real event classes; `applied` is what a consumer's handler did."""

from datetime import UTC, datetime

from sqlalchemy import text

from chassis.consumer import Received
from chassis.db import AsyncSession, Database
from contracts.caseload import MappaChangedV1
from contracts.codes import Category
from contracts.event import EventData
from contracts.offers import OfferMadeV1

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def mappa(person: str, *, agency: str = "police-north") -> MappaChangedV1:
    return MappaChangedV1(person_id=person, agency=agency, managed=True, at=NOW)


def offer(person: str, number: int) -> OfferMadeV1:
    return OfferMadeV1(
        offer_id=f"{person}-{number}",
        person_id=person,
        source="hmp-northgate",
        category=Category.RELEASE_DATE,
        subject_ref=person,
        version=number,
        type="release.date-changed",
        content={"number": number},
        occurred_at=NOW,
    )


async def keep(session: AsyncSession, received: Received[EventData]) -> None:
    """A handler: writes down what it was given."""
    await session.execute(
        text("INSERT INTO applied (topic, key, version) VALUES (:topic, :key, :version)"),
        {"topic": received.topic, "key": received.key, "version": received.version},
    )


async def applied(database: Database, topic: str | None = None) -> dict[str, list[int]]:
    """What was applied, by key, in order of application."""
    async with database.session() as session:
        rows = await session.execute(
            text("SELECT key, version FROM applied WHERE CAST(:t AS text) IS NULL OR topic = :t ORDER BY at"),
            {"t": topic},
        )
        found: dict[str, list[int]] = {}
        for key, version in rows:
            found.setdefault(key, []).append(version)
        return found
