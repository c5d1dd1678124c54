"""The governor's decision and the check of an address, told beside the date and never instead of it."""

from tests.integration.release_notify.conftest import SOUTHMOOR, World
from tests.support.http import problem

SENTENCE = {"kind": "determinate", "sentenced_at": "2025-01-06"}
HOME = {"kind": "address", "lines": ["1 Example Street", "Northtown"], "postcode": "NT1 1AA"}


async def test_a_decision_needs_a_member_and_leaves_the_date_as_it_is(world: World) -> None:
    person = await world.held()
    release = (await world.push(person, "CRD", "2026-06-12", sentence=SENTENCE)).json()
    path = f"/releases/{release['release_id']}/day-of-release-decision"
    body = {"decision": "brought-forward", "reason": "The hostel opens on weekdays."}
    problem(await world.call("PUT", path, body), 403, "member-required")
    answer = await world.call("PUT", path, body, member="governor-1")
    assert answer.status_code == 200
    assert answer.json()["governor_decision"] == "brought-forward"
    assert answer.json()["effective"]["release_date"] == "2026-06-12"
    (event,) = await world.events("release.day-of-release-decided.v1", person)
    assert (event["decision"], event["date"]) == ("brought-forward", "2026-06-11")
    content = (await world.offers(person))[-1]["content"]
    assert (content["governor_decision"], content["release_date"]) == ("brought-forward", "2026-06-12")

    pushed = await world.push(person, "CRD", "2026-06-11", reason="day-of-release-decision", sentence=SENTENCE)
    assert pushed.json()["governor_decision"] == "brought-forward"
    elsewhere = await world.push(person, "CRD", "2026-07-10", reason="appeal", sentence=SENTENCE)
    assert elsewhere.json()["governor_decision"] is None


async def test_only_days_that_the_act_allows_may_be_chosen(world: World) -> None:
    person = await world.held()
    release = (await world.push(person, "CRD", "2026-06-12", sentence=SENTENCE)).json()
    path = f"/releases/{release['release_id']}/day-of-release-decision"
    for day in ("2026-06-09", "2026-06-12", "2026-06-13"):
        answer = await world.call(
            "PUT", path, {"decision": "brought-forward", "date": day, "reason": "x"}, member="governor-1"
        )
        problem(answer, 422, "day-not-allowed")
    allowed = {"decision": "brought-forward", "date": "2026-06-10", "reason": "Approved second day."}
    assert (await world.call("PUT", path, allowed, member="governor-1")).status_code == 200
    kept = await world.call("PUT", path, {"decision": "kept", "reason": "Family travel."}, member="governor-1")
    assert kept.json()["governor_decision"] == "kept"
    summary = (await world.get("/releases/summary?from=2026-06-01&to=2026-07-01")).json()
    assert summary["decisions"] == {"brought-forward": 1, "kept": 1}


async def test_another_prison_finds_no_such_release(world: World) -> None:
    person = await world.held()
    release = (await world.push(person, "CRD", "2026-06-12", release_address=HOME)).json()
    path = f"/releases/{release['release_id']}"
    decision = {"decision": "kept", "reason": "x"}
    problem(
        await world.call("PUT", f"{path}/day-of-release-decision", decision, agency=SOUTHMOOR, member="g"),
        404,
        "not-found",
    )
    check = {"result": "confirmed"}
    problem(await world.call("POST", f"{path}/address-check", check, agency=SOUTHMOOR), 404, "not-found")


async def test_a_check_clears_the_flag_for_this_address_alone(world: World) -> None:
    person = await world.held()
    release = (await world.push(person, "CRD", "2026-09-01", release_address=HOME)).json()
    assert release["flags"] == ["address-unverified"]
    path = f"/releases/{release['release_id']}/address-check"
    kept = await world.call("POST", path, {"result": "not-confirmed", "with": "The landlord"})
    assert kept.json()["flags"] == ["address-unverified"]
    cleared = await world.call("POST", path, {"result": "confirmed", "with": "The landlord"})
    assert (cleared.json()["flags"], cleared.json()["version"]) == ([], 2)
    later = await world.push(person, "CRD", "2026-09-02", release_address=HOME)
    assert later.json()["flags"] == []
    elsewhere = {**HOME, "lines": ["2 Example Street"]}
    assert (await world.push(person, "CRD", "2026-09-02", release_address=elsewhere)).json()["flags"] == [
        "address-unverified"
    ]
    none = await world.push(person, "CRD", "2026-09-02", release_address={"kind": "no-fixed-abode"})
    assert none.json()["flags"] == ["no-fixed-abode"]
    problem(await world.call("POST", path, {"result": "confirmed"}), 409, "no-address")


async def test_an_address_that_many_give_is_flagged_for_all_of_them_and_no_longer_when_they_leave(
    world: World,
) -> None:
    people = [await world.held() for _ in range(5)]
    typed = [{**HOME, "lines": [line, "NORTHTOWN"]} for line in ("1 Example Street", "1, example street")]
    answers = [
        await world.push(person, "CRD", "2026-09-01", release_address=typed[number % 2])
        for number, person in enumerate(people)
    ]
    assert ["address-shared" in answer.json()["flags"] for answer in answers] == [False] * 4 + [True]
    await world.look_at_addresses()
    for person in people:
        assert "address-shared" in (await world.get(f"/people/{person}/release")).json()["flags"]
        assert "address-shared" in (await world.offers(person))[-1]["content"]["flags"]
    assert await world.look_at_addresses() == 0
    listed = (await world.get("/releases?flag=address-shared")).json()["items"]
    assert {item["person_id"] for item in listed} == set(people)

    await world.push(people[0], "CRD", "2026-09-01", release_address={"kind": "no-fixed-abode"})
    await world.look_at_addresses()
    for person in people[1:]:
        assert "address-shared" not in (await world.offers(person))[-1]["content"]["flags"]
