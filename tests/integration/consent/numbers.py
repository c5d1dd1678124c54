"""Two numbers that are merged and parted, as caseload tells it."""

from datetime import datetime
from typing import Any

from sqlalchemy import text

from chassis import clock
from chassis.ids import new_id
from contracts.caseload import PersonMergedV1, PersonUnmergedV1
from tests.integration.consent.conftest import Callers
from tests.support.consent_bodies import consent_body
from tests.support.consent_service import ConsentService, offer

CHARITY, PROBATION, TRUST = "charity-newstart", "probation-north", "mht-riverside"
NOTHING: set[tuple[str, int]] = set()
SHOWN = {("release-date", 1)}


class Numbers:
    """Two numbers or more, merged and parted as caseload tells it."""

    def __init__(self, service: ConsentService, callers: Callers) -> None:
        self.service = service
        self.callers = callers

    async def known(self, *offers: str) -> str:
        """Somebody of whom probation knows, and the charity and the trust too; each offer is a subject of its own."""
        number = new_id()
        await self.service.feed(
            self.service.involvement(number, PROBATION),
            self.service.involvement(number, CHARITY, "claimed"),
            self.service.involvement(number, TRUST, roles=("mental-health-care",)),
            *(offer(number, subject_ref=subject) for subject in offers),
        )
        return number

    async def says(self, number: str, path: str, body: dict[str, Any]) -> None:
        answer = await self.callers.post(PROBATION, f"/people/{number}/{path}", body)
        assert answer.status_code in (200, 201), answer.text

    async def agrees(self, number: str) -> None:
        await self.says(number, "consents", consent_body(CHARITY))

    async def merged(self, kept: str, removed: str, *, at: datetime | None = None) -> None:
        merged = PersonMergedV1(merge_id="m", kept_id=kept, removed_id=removed, at=at or clock.now())
        await self.service.feed(merged)

    async def parted(self, kept: str, removed: str) -> None:
        await self.service.feed(PersonUnmergedV1(merge_id="m", kept_id=kept, removed_id=removed, at=clock.now()))

    async def offers(self, person: str) -> int:
        """How many are this person's, under whichever number they were made."""
        async with self.service.database.session() as session:
            counted = text("SELECT count(*) FROM offer WHERE person_id = :id")
            return int(await session.scalar(counted, {"id": person}) or 0)

    async def count(self, table: str, number: str) -> int:
        async with self.service.database.session() as session:
            counted = text(f"SELECT count(*) FROM {table} WHERE person_id = :id AND recorded_person_id = :id")
            return int(await session.scalar(counted, {"id": number}) or 0)
