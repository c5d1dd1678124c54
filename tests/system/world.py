"""A running stack as tests meet it: desks of agencies, people that no other test knows, and what each agency sees."""

import itertools
import os
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from chassis.clock import now
from chassis.http_client import ServiceClient
from tests.support.eventually import eventually
from tests.support.stack import RunningStack
from throughgate.client import Desk

NORTHGATE, SOUTHMOOR = "hmp-northgate", "hmp-southmoor"
PROBATION, POLICE, AUDITOR = "probation-north", "police-north", "auditor-north"
CHARITY, GATEHOUSE, DRUGS = "charity-newstart", "charity-gatehouse", "das-riverside"
TRUST, PRISON_HEALTH, HOUSING = "mht-riverside", "health-northgate", "housing-northtown"
KINDS = {
    NORTHGATE: "prison",
    SOUTHMOOR: "prison",
    "hmpps-national": "prison",
    PROBATION: "probation",
    POLICE: "police",
    AUDITOR: "auditor",
    CHARITY: "provider",
    GATEHOUSE: "provider",
    DRUGS: "drug-alcohol",
    TRUST: "mental-health",
    "mht-moorland": "mental-health",
    PRISON_HEALTH: "prison-health",
    HOUSING: "housing",
}
_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"
_numbers = itertools.count(os.getpid() % 1000 * 1000)


@dataclass
class Person:
    """A made-up person that the world registered."""

    id: str
    noms: str
    crn: str
    family: str

    @property
    def path(self) -> str:
        return f"/people/{self.id}"

    @property
    def traces(self) -> tuple[str, ...]:
        """What tells who it is, wherever it stands."""
        return self.noms, self.crn, self.family


@dataclass
class World:
    """Everything a system test does goes through here, and through the gateways."""

    stack: RunningStack
    http: ServiceClient
    _desks: dict[str, Desk] = field(default_factory=dict)

    def desk(self, agency: str) -> Desk:
        if agency not in self._desks:
            self._desks[agency] = Desk(self.http, agency, KINDS[agency], user="dana.whitlock")
        return self._desks[agency]

    async def person(self, prison: str = NORTHGATE) -> Person:
        """A new person in that prison's custody."""
        number = next(_numbers)
        noms = f"B{number % 10000:04d}{_LETTERS[number // 10000 % 23]}{_LETTERS[number // 230000 % 23]}"
        crn, family = f"Y{number % 1_000_000:06d}", f"Testcase{number}"
        body = {
            "identifiers": [{"scheme": "noms", "value": noms}],
            "name": {"family": family, "given": "Robin"},
            "date_of_birth": (date(1970, 1, 1) + timedelta(days=number % 12000)).isoformat(),
        }
        answer = await self.desk(prison).put(f"/people/noms:{noms}", body)
        return Person(answer["person_id"], noms, crn, family)

    async def push(self, person: Person, on: date, *, prison: str = NORTHGATE, **more: object) -> dict[str, Any]:
        body = {"date": on.isoformat(), "status": "confirmed", "reason": "recalculation", **more}
        return dict(await self.desk(prison).put(f"{person.path}/release-dates/CRD", body))

    async def supervise(self, person: Person, agency: str = PROBATION) -> None:
        body = {"roles": ["offender-manager"], "reference": person.crn}
        await self.desk(agency).put(f"/people/noms:{person.noms}/involvement", body)

    async def claim(self, person: Person, agency: str, *roles: str) -> None:
        body = {"roles": list(roles) or ["through-the-gate"], "reason": "asked for by the person"}
        await self.desk(agency).put(f"/people/noms:{person.noms}/involvement", body)

    async def consent(self, person: Person, *recipients: str, by: str = NORTHGATE, **more: object) -> str:
        """A written consent to identity and release date for resettlement; its id."""
        body = {
            "decision": "given",
            "categories": ["identity", "release-date", "accommodation"],
            "recipients": [{"agency": agency} for agency in recipients],
            "purposes": ["resettlement"],
            "valid_until": (now() + timedelta(days=90)).isoformat(),
            "how": "written",
            "given_by": "person",
            "has_capacity": True,
            "statement": {"id": "resettlement-leaflet", "version": "3"},
            **more,
        }
        return str((await self.desk(by).post(f"{person.path}/consents", body))["consent_id"])

    async def withdraw(self, person: Person, *, by: str = NORTHGATE) -> datetime:
        answer = await self.desk(by).post(f"{person.path}/consent-withdrawals", {})
        return datetime.fromisoformat(answer["withdrawn_at"])

    async def view(self, agency: str, person: Person) -> dict[str, Any]:
        """The agency's view of the person; empty where it may not know that there is one."""
        answer = await self.desk(agency).call("GET", person.path)
        assert answer.status in (200, 404), answer.status
        return dict(answer.json()) if answer.ok else {}

    async def release(self, agency: str, person: Person) -> str | None:
        """The release date in the agency's view."""
        section = (await self.view(agency, person)).get("release")
        return str(section["content"]["release_date"]) if section else None

    async def sees(self, agency: str, person: Person, on: date) -> None:
        """Waits until the agency's view shows this release date."""

        async def shown() -> bool:
            return await self.release(agency, person) == on.isoformat()

        await eventually(shown, within=30)

    async def sees_nothing(self, agency: str, person: Person) -> None:
        """Waits until the agency's view has no release date."""

        async def gone() -> bool:
            return await self.release(agency, person) is None

        await eventually(gone, within=30)

    async def feed_about(self, agency: str, person: Person, category: str = "release-date") -> list[dict[str, Any]]:
        items, _ = await self.desk(agency).feed()
        return [item for item in items if item["person_id"] == person.id and item["category"] == category]

    async def shares(self, person: Person, **filters: str) -> list[dict[str, Any]]:
        """Entries of the share log about the person, as the auditor sees them, oldest first."""
        found = [item async for item in self.desk(AUDITOR).pages("/shares", person_id=person.id, limit=500, **filters)]
        return sorted(found, key=lambda entry: int(entry["index"]))

    async def logged(self, person: Person, **filters: str) -> dict[str, Any]:
        """Waits for an entry like this, and returns the newest."""

        async def found() -> list[dict[str, Any]]:
            return await self.shares(person, **filters)

        entries: list[dict[str, Any]] = await eventually(found, within=30)
        return entries[-1]
