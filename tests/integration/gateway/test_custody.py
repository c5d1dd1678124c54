"""Custody as prisons see it at their gateway: who may push is told in one way, however a prison met the person."""

from typing import Any

import pytest

from chassis import clock
from tests.integration.gateway.world import NATIONAL, OTHER_PRISON, PRISON, held, new_number, registration
from tests.support.eventually import eventually
from tests.support.http import problem
from tests.support.pipe import Pipe

DATE = {"date": "2031-03-04", "status": "confirmed", "reason": "recalculation"}


async def told(pipe: Pipe, number: str, event: str, prison: str, reason: str, *, at: str) -> None:
    """A message of the national prison system."""
    where = {"nomsNumber": number, "prisonId": prison, "reason": reason}
    said = {
        "eventType": f"prison-offender-events.prisoner.{event}",
        "occurredAt": at,
        "additionalInformation": where,
    }
    assert (await pipe.call(*NATIONAL, "POST", "/events", said)).status_code == 202


async def pushed(pipe: Pipe, prison: tuple[str, str], number: str) -> Any:
    return await pipe.call(*prison, "PUT", f"/people/noms:{number}/release-dates/CRD", DATE)


@pytest.mark.parametrize("met", ["by registering", "by an event"])
async def test_after_a_transfer_the_old_prison_has_no_custody_and_is_told_so(pipe: Pipe, met: str) -> None:
    number = new_number()
    if met == "by registering":
        await pipe.call(*PRISON, "PUT", f"/people/noms:{number}", registration(f"noms:{number}"))
    else:
        await told(pipe, number, "received", "SWI", "ADMISSION", at="2026-03-01T10:00:00Z")
    assert (await pushed(pipe, PRISON, number)).status_code == 201
    await told(pipe, number, "received", "MDI", "TRANSFERRED", at="2026-03-02T10:00:00Z")

    async def handed_over() -> bool:
        return bool((await pushed(pipe, OTHER_PRISON, number)).status_code in (200, 201))

    await eventually(handed_over, within=30)
    problem(await pushed(pipe, PRISON, number), 409, "not-in-custody")


async def test_a_release_earlier_on_the_day_of_the_registration_ends_custody(pipe: Pipe) -> None:
    number = new_number()
    await pipe.call(*PRISON, "PUT", f"/people/noms:{number}", registration(f"noms:{number}"))
    assert (await pushed(pipe, PRISON, number)).status_code == 201
    await told(pipe, number, "released", "SWI", "RELEASED", at="2026-03-02T10:00:00Z")

    async def released() -> bool:
        return bool((await pushed(pipe, PRISON, number)).status_code == 409)

    await eventually(released, within=30)


async def test_of_whoever_has_left_no_release_is_coming(pipe: Pipe) -> None:
    number = new_number()
    person = await held(pipe, number, day="2031-07-23")

    async def coming() -> bool:
        that_day = {"from": "2031-07-23", "to": "2031-07-24"}
        page = (await pipe.call(*PRISON, "GET", "/releases", params=that_day)).json()
        return person in {each["person_id"] for each in page["items"]}

    assert await coming()
    await told(pipe, number, "released", "SWI", "RELEASED", at="2026-03-02T10:00:00Z")

    async def gone() -> bool:
        return not await coming()

    await eventually(gone)


async def test_the_old_prison_is_told_nothing_new_whatever_role_it_gave_itself(pipe: Pipe) -> None:
    number = new_number()
    person = await held(pipe, number)
    role = {"roles": ["offender-manager"]}
    assert (await pipe.call(*PRISON, "PUT", f"/people/{person}/involvement", role)).status_code == 200
    await told(pipe, number, "received", "MDI", "TRANSFERRED", at=clock.now().isoformat())
    await pipe.settle()
    assert (await pushed(pipe, OTHER_PRISON, number)).status_code == 200

    async def empty() -> bool:
        return "release" not in (await pipe.call(*PRISON, "GET", f"/people/{person}")).json()

    await eventually(empty)
