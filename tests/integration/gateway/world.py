"""Agencies and what they do at their gateways, for tests over the whole pipe."""

from typing import Any

from contracts.http.gateway import PersonView
from tests.support.pipe import Pipe

PRISON = ("hmp-northgate", "prison")
OTHER_PRISON = ("hmp-southmoor", "prison")
PROBATION = ("probation-north", "probation")
POLICE = ("police-north", "police")
CHARITY = ("charity-newstart", "provider")
TRUST = ("mht-riverside", "mental-health")
AUDITOR = ("auditor-north", "auditor")
NATIONAL = ("hmpps-national", "prison")

CONSENT = {
    "decision": "given",
    "categories": ["identity", "release-date", "accommodation"],
    "recipients": [{"agency": "charity-newstart"}],
    "purposes": ["resettlement"],
    "valid_until": "2027-09-30",
    "how": "written",
    "given_by": "person",
    "has_capacity": True,
    "statement": {"id": "sharing-with-charities", "version": "3"},
}

_numbers = iter(range(1000, 9999))


def registration(*identifiers: str) -> dict[str, Any]:
    named = [dict(zip(("scheme", "value"), each.split(":"), strict=True)) for each in identifiers]
    return {
        "identifiers": named,
        "name": {"family": "Fenwright", "given": "Oswin"},
        "date_of_birth": "1991-04-17",
    }


def new_number() -> str:
    return f"A{next(_numbers)}AA"


async def held(pipe: Pipe, number: str, *, day: str = "2031-03-04") -> str:
    """A person in the prison's custody with a release date."""
    answer = await pipe.call(*PRISON, "PUT", f"/people/noms:{number}", registration(f"noms:{number}"))
    assert answer.status_code == 201, answer.text
    await push(pipe, number, day)
    return str(answer.json()["person_id"])


async def push(pipe: Pipe, number: str, day: str) -> dict[str, Any]:
    body = {"date": day, "status": "confirmed", "reason": "recalculation"}
    answer = await pipe.call(*PRISON, "PUT", f"/people/noms:{number}/release-dates/CRD", body)
    assert answer.status_code in (200, 201), answer.text
    found: dict[str, Any] = answer.json()
    return found


async def join(pipe: Pipe, agency: tuple[str, str], number: str, *, role: str = "offender-manager") -> None:
    """The agency registers the person by the prison number and claims involvement."""
    own = [f"noms:{number}"]
    if agency == PROBATION:
        own.append(f"crn:X{next(_numbers):06}")
    answer = await pipe.call(*agency, "PUT", f"/people/noms:{number}", registration(*own))
    assert answer.status_code in (200, 201), answer.text
    answer = await pipe.call(*agency, "PUT", f"/people/noms:{number}/involvement", {"roles": [role]})
    assert answer.status_code in (200, 201), answer.text


async def view(pipe: Pipe, agency: tuple[str, str], person_id: str) -> dict[str, Any]:
    answer = await pipe.call(*agency, "GET", f"/people/{person_id}")
    assert answer.status_code == 200, answer.text
    PersonView.model_validate_json(answer.content)
    found: dict[str, Any] = answer.json()
    return found


async def dates(pipe: Pipe, agency: tuple[str, str], person_id: str) -> list[dict[str, Any]]:
    items = await pipe.feed(*agency)
    return [each for each in items if each["person_id"] == person_id and each["category"] == "release-date"]
