"""Involvement: claimed, confirmed by those who may, ended; each change an event."""

from datetime import UTC, datetime, timedelta

import pytest

from caseload.operations.involvement import end_due
from chassis import clock
from tests.integration.caseload.conftest import World

CLAIM = {"roles": ["through-the-gate"]}


async def test_a_claim_is_201_then_200_and_logged_once(world: World) -> None:
    id_ = await world.register("hmp-northgate", "noms:A1234AA")
    first = await world.put("charity-newstart", "/people/noms:A1234AA/involvement", CLAIM, member="kit")
    second = await world.put("charity-newstart", "/people/noms:A1234AA/involvement", CLAIM, member="kit")
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["state"] == "claimed"
    assert await world.resolve("charity-newstart", "noms:A1234AA") == [id_]
    told = [each for each in await world.events("involvement.changed.v1", id_) if each["agency"] == "charity-newstart"]
    assert [(each["state"], each["via"], each["claimed_by"]) for each in told] == [("claimed", "claim", "kit")]


async def test_nobody_can_be_claimed_who_is_not_on_record(world: World) -> None:
    answer = await world.put("charity-newstart", "/people/noms:A1234AA/involvement", CLAIM)
    assert (answer.status_code, answer.json()["code"]) == (404, "person-not-found")


@pytest.mark.parametrize(
    ("agency", "body", "code"),
    [
        ("charity-newstart", {"roles": ["custody"]}, "invalid-role"),
        ("police-north", {"roles": ["mental-health-care"]}, "invalid-role"),
        ("auditor-north", {"roles": ["anything"]}, "may-not-be-involved"),
        ("police-north", {"roles": ["iom-team"], "until": "2020-01-01T00:00:00Z"}, "invalid-until"),
    ],
)
async def test_a_claim_against_a_rule_is_refused(world: World, agency: str, body: object, code: str) -> None:
    await world.register("hmp-northgate", "noms:A1234AA")
    assert (await world.put(agency, "/people/noms:A1234AA/involvement", body)).json()["code"] == code


async def test_probation_confirms_itself_with_a_case_reference_number(world: World) -> None:
    await world.register("hmp-northgate", "noms:A1234AA")
    claim = {"roles": ["offender-manager"], "reference": "x123456"}
    answer = await world.put("probation-north", "/people/noms:A1234AA/involvement", claim)
    assert answer.json()["state"] == "confirmed"
    police = await world.put("police-north", "/people/noms:A1234AA/involvement", {**CLAIM, "reference": "X123456"})
    assert police.json()["state"] == "claimed"


async def test_a_case_reference_number_of_somebody_else_confirms_nothing(world: World) -> None:
    await world.register("hmp-northgate", "noms:A1234AA")
    await world.register("probation-north", "crn:X123456", name={"family": "Oake", "given": "Una"})
    claim = {"roles": ["offender-manager"], "reference": "X123456"}
    answer = await world.put("probation-north", "/people/noms:A1234AA/involvement", claim)
    assert answer.json()["state"] == "claimed"


async def test_probation_that_registered_a_crn_is_confirmed(world: World) -> None:
    crn = [{"scheme": "crn", "value": "X123456"}]
    await world.register("probation-north", "noms:A1234AA", identifiers=crn)
    answer = await world.put("probation-north", "/people/crn:X123456/involvement", {"roles": ["offender-manager"]})
    assert answer.json()["state"] == "confirmed"


async def test_a_confirmed_prison_confirms_a_claim_and_opens_an_involvement(world: World) -> None:
    id_ = await world.register("hmp-northgate", "noms:A1234AA")
    await world.put("charity-newstart", f"/people/{id_}/involvement", CLAIM)
    for agency in ("charity-newstart", "housing-northtown"):
        answer = await world.put("hmp-northgate", f"/people/noms:A1234AA/involvement/{agency}", CLAIM)
        assert (answer.status_code, answer.json()["state"]) == (200, "confirmed")
        own = (await world.get(agency, f"/people/{id_}/involvement")).json()
        assert own["state"] == "confirmed"
    told = [each for each in await world.events("involvement.changed.v1", id_) if each["via"] == "confirmation"]
    assert {each["confirmed_by"] for each in told} == {"hmp-northgate"}


async def test_confirming_keeps_what_was_claimed_and_tells_neither_side_of_the_other(world: World) -> None:
    id_ = await world.register("hmp-northgate", "noms:A1234AA")
    claim = {"roles": ["mentor"], "reason": "Met in the visits hall."}
    await world.put("charity-newstart", f"/people/{id_}/involvement", claim)
    given = {"roles": ["through-the-gate"], "reason": "On the resettlement list."}
    answer = (await world.put("hmp-northgate", f"/people/{id_}/involvement/charity-newstart", given)).json()
    assert answer["roles"] == ["through-the-gate"]
    own = (await world.get("charity-newstart", f"/people/{id_}/involvement")).json()
    assert (own["roles"], own["reason"]) == (["mentor", "through-the-gate"], "Met in the visits hall.")


async def test_a_claim_never_lowers_what_is_confirmed(world: World) -> None:
    id_ = await world.register("hmp-northgate", "noms:A1234AA")
    await world.put("hmp-northgate", f"/people/{id_}/involvement/charity-newstart", CLAIM)
    answer = await world.put("charity-newstart", f"/people/{id_}/involvement", {"roles": ["mentor"]})
    assert (answer.json()["state"], answer.json()["roles"]) == ("confirmed", ["mentor"])


async def test_who_only_claims_or_is_of_another_kind_confirms_nobody(world: World) -> None:
    id_ = await world.register("hmp-northgate", "noms:A1234AA")
    await world.put("police-north", f"/people/{id_}/involvement", {"roles": ["iom-team"]})
    await world.put("hmp-northgate", f"/people/{id_}/involvement/charity-newstart", CLAIM)
    for agency in ("police-north", "charity-newstart"):
        answer = await world.put(agency, f"/people/{id_}/involvement/housing-northtown", CLAIM)
        assert (answer.status_code, answer.json()["code"]) == (403, "may-not-confirm")
    answer = await world.put("hmp-northgate", f"/people/{id_}/involvement/hmp-northgate", CLAIM)
    assert answer.json()["code"] == "confirms-itself"
    answer = await world.put("mht-riverside", f"/people/{id_}/involvement/housing-northtown", CLAIM)
    assert answer.status_code == 404


async def test_ending_takes_the_person_away_from_an_agency_that_never_registered_them(world: World) -> None:
    id_ = await world.register("hmp-northgate", "noms:A1234AA")
    await world.put("charity-newstart", f"/people/{id_}/involvement", CLAIM)
    assert (await world.delete("charity-newstart", f"/people/{id_}/involvement")).status_code == 204
    assert await world.resolve("charity-newstart", id_, "noms:A1234AA") == [None, None]
    assert (await world.get("charity-newstart", f"/people/{id_}/involvement")).status_code == 404
    told = await world.events("involvement.changed.v1", id_)
    assert told[-1]["state"] == "ended"


async def test_the_prison_that_holds_somebody_cannot_end_its_involvement(world: World) -> None:
    id_ = await world.register("hmp-northgate", "noms:A1234AA")
    answer = await world.delete("hmp-northgate", f"/people/{id_}/involvement")
    assert (answer.status_code, answer.json()["code"]) == (409, "holds-custody")


async def test_time_ends_an_involvement_once(world: World) -> None:
    id_ = await world.register("hmp-northgate", "noms:A1234AA")
    until = datetime.now(UTC) + timedelta(hours=1)
    await world.put("charity-newstart", f"/people/{id_}/involvement", {**CLAIM, "until": until.isoformat()})
    ended = []
    for now in (clock.now(), until, until):
        async with world.database.transaction() as session:
            ended.append(await end_due(session, now=now))
    assert ended == [0, 1, 0]
    told = [each for each in await world.events("involvement.changed.v1", id_) if each["agency"] == "charity-newstart"]
    assert [(each["state"], each["via"]) for each in told] == [("claimed", "claim"), ("ended", "expiry")]


async def test_an_agency_pages_through_the_persons_it_is_involved_with(world: World) -> None:
    ids = [await world.register("hmp-northgate", f"noms:A000{n}AA", date_of_birth=f"199{n}-01-01") for n in range(5)]
    await world.register("hmp-southmoor", "noms:B0000BB", name={"family": "Sedge", "given": "Ivo"})
    seen: list[str] = []
    path = "/people?limit=2"
    while path:
        page = (await world.get("hmp-northgate", path)).json()
        seen += [item["person_id"] for item in page["items"]]
        assert all(item["roles"] == ["custody"] and item["state"] == "confirmed" for item in page["items"])
        path = f"/people?limit=2&cursor={page['next']}" if page["next"] else ""
    assert seen == sorted(ids)
