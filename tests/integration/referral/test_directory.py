"""The directory: kept by receivers, searched by anyone, with numbers that give no single answer away."""

from chassis.ids import new_id
from tests.integration.referral.conftest import DRUGS, OTHER_TRUST, PRISON, PROBATION, TRUST, World
from tests.support.http import problem

SERVICE = {"name": "Forensic outreach", "area": "northshire", "needs": ["forensic", "mental-health"]}


async def test_an_entry_is_its_agency_s_own(world: World) -> None:
    first = await world.call("PUT", "/services/forensic", SERVICE, agency=TRUST)
    assert (first.status_code, first.json()["version"], first.json()["agency"]) == (201, 1, TRUST)
    again = await world.call("PUT", "/services/forensic", SERVICE | {"age_from": 18}, agency=TRUST, If_Match='"1"')
    assert (again.status_code, again.json()["version"]) == (200, 2)
    problem(
        await world.call("PUT", "/services/forensic", SERVICE, agency=TRUST, If_Match='"1"'), 412, "precondition-failed"
    )
    problem(await world.call("PUT", "/services/forensic", SERVICE, agency=OTHER_TRUST), 404, "not-found")
    problem(await world.call("PUT", "/services/mine", SERVICE, agency=PRISON), 403, "insufficient-scope")
    problem(
        await world.call("PUT", "/services/x", SERVICE | {"age_from": 9, "age_until": 9}, agency=TRUST), 422, "invalid"
    )


async def test_services_are_found_by_what_the_person_needs(world: World) -> None:
    await world.call("PUT", "/services/forensic", SERVICE | {"age_from": 18, "next_start": "2026-08-01"}, agency=TRUST)
    await world.call("PUT", "/services/women", SERVICE | {"women_only": True, "voluntary": False}, agency=OTHER_TRUST)
    drugs = SERVICE | {"needs": ["drugs"], "area": "southshire", "exclusions": ["arson"]}
    await world.call("PUT", "/services/drugs", drugs, agency=DRUGS)

    async def found(query: str) -> list[str]:
        answer = await world.get(f"/services?{query}")
        assert answer.status_code == 200, answer.text
        return [each["service_id"] for each in answer.json()["items"]]

    assert await found("") == ["drugs", "forensic", "women"]
    assert await found("need=forensic") == ["forensic", "women"]
    assert await found("need=forensic&sex=male") == ["forensic"]
    assert await found("need=forensic&age=17") == ["women"]
    assert await found("area=southshire") == ["drugs"]
    assert await found("without=arson") == ["forensic", "women"]
    assert await found("starts_before=2026-07-01&need=forensic") == ["women"]
    assert await found("statutory=false") == ["drugs", "forensic"]
    first = (await world.get("/services?limit=2")).json()
    assert [each["service_id"] for each in first["items"]] == ["drugs", "forensic"]
    assert await found(f"limit=2&cursor={first['next']}") == ["women"]


async def test_gaps_are_shown(world: World) -> None:
    await world.call("PUT", "/services/forensic", SERVICE, agency=TRUST)
    gaps = (await world.get("/services/gaps?area=northshire")).json()["items"]
    needs = {each["need"] for each in gaps}
    assert "autism" in needs
    assert not {"forensic", "mental-health"} & needs
    assert {"need": "forensic", "area": "southshire", "detail": "no forensic cover in southshire"} in (
        await world.get("/services/gaps?area=southshire")
    ).json()["items"]


async def test_waiting_time_and_acceptance_rate_are_of_many_answers_and_of_days_before(world: World) -> None:
    await world.call("PUT", "/services/forensic", SERVICE, agency=TRUST)
    senders = (PRISON, PROBATION, "police-north")

    async def numbers() -> tuple[object, object]:
        (entry,) = (await world.get("/services")).json()["items"]
        return entry["waiting_days"], entry["acceptance_rate"]

    for place in range(10):
        body = {"to": None, "service_id": "forensic", "agency": senders[place % 3]}
        referral_id = await world.received(new_id(), **body)
        if place < 7:
            await world.did(referral_id, "acceptance", {"appointment_at": "2026-06-15T09:00:00Z"})
        elif place < 9:
            await world.did(referral_id, "rejection", {"reason_code": "NO_CAPACITY", "next": {"kind": "none"}})
    world.wait(days=1)
    assert await numbers() == (None, None)
    await world.did(referral_id, "rejection", {"reason_code": "NO_CAPACITY", "next": {"kind": "none"}})
    assert await numbers() == (None, None)
    world.wait(days=1)
    assert await numbers() == (14, 0.7)
