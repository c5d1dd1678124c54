"""Registering people: idempotent, and telling nobody who else knows them."""

import asyncio

from tests.integration.caseload.conftest import World, person

NOMS = {"scheme": "noms", "value": "A1234AA"}
PNC = {"scheme": "pnc", "value": "12/52494Q"}


async def test_the_first_registration_is_201_and_the_next_200(world: World) -> None:
    first = await world.put("probation-north", "/people/noms:a1234aa", person(identifiers=[PNC]))
    second = await world.put("probation-north", "/people/noms:A1234AA", person(identifiers=[PNC]))
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    assert first.json()["identifiers"] == [NOMS, {"scheme": "pnc", "value": "2012/0052494Q"}]
    assert len(await world.events("offer.made.v1")) == 1


async def test_one_registration_does_not_weld_two_numbers_together(world: World) -> None:
    other = {"scheme": "noms", "value": "B5678BB"}
    answer = await world.put("hmp-northgate", "/people/noms:A1234AA", person(identifiers=[NOMS, NOMS, other]))
    assert (answer.status_code, answer.json()["code"]) == (422, "contradictory-identifiers")
    assert answer.json()["errors"][0]["pointer"] == "/identifiers/2/value"
    assert await world.resolve("hmp-northgate", "noms:A1234AA", "noms:B5678BB") == [None, None]
    twice = person(identifiers=[NOMS, {"scheme": "pnc", "value": "2012/0052494Q"}, PNC])
    assert (await world.put("hmp-northgate", "/people/noms:a1234aa", twice)).status_code == 201


async def test_a_changed_registration_is_a_new_version_of_the_same_offer(world: World) -> None:
    id_ = await world.register("probation-north", "noms:A1234AA")
    await world.register("probation-north", "noms:A1234AA", languages=["cy"])
    offers = await world.events("offer.made.v1", id_)
    assert [(each["category"], each["version"]) for each in offers] == [("identity", 1), ("identity", 2)]
    assert offers[0]["subject_ref"] == offers[1]["subject_ref"]
    assert offers[1]["content"]["languages"] == ["cy"]


async def test_an_agency_is_answered_what_it_gave_and_nothing_of_others(world: World) -> None:
    await world.register("police-north", "noms:A1234AA", identifiers=[PNC], sex="male", languages=["pl"])
    answer = await world.put("probation-north", "/people/noms:A1234AA", person())
    assert answer.status_code == 201
    assert answer.json()["identifiers"] == [NOMS]
    assert "sex" not in answer.json()
    assert "languages" not in answer.json()


async def test_a_conflict_is_answered_like_a_first_registration(world: World) -> None:
    held = await world.register("police-north", "noms:A1234AA")
    other = person(name={"family": "Quillon", "given": "Bram"}, date_of_birth="1970-01-02")
    in_conflict = await world.put("probation-north", "/people/noms:A1234AA", other)
    fresh = await world.put("probation-north", "/people/noms:B7777BB", other)
    assert in_conflict.status_code == fresh.status_code == 201
    assert set(in_conflict.json()) == set(fresh.json())
    mine = in_conflict.json()["person_id"]
    assert mine != held
    assert await world.resolve("probation-north", "noms:A1234AA") == [mine]
    assert await world.resolve("police-north", "noms:A1234AA") == [held]
    assert await world.resolve("charity-newstart", "noms:A1234AA", held, mine) == [None, None, None]
    doubts = (await world.get("operator", "/doubts")).json()["items"]
    assert [(each["kind"], each["person_id"], each["other_person_id"]) for each in doubts] == [
        ("other-identity", mine, held)
    ]


async def test_identifiers_of_two_persons_join_none_and_go_to_the_queue(world: World) -> None:
    one = await world.register("police-north", "pnc:2012-0052494Q")
    two = await world.register("hmp-northgate", "noms:A1234AA")
    assert one != two
    mine = await world.register("probation-north", "noms:A1234AA", identifiers=[PNC])
    assert mine == two
    assert await world.resolve("police-north", "pnc:2012-0052494Q") == [one]
    doubts = (await world.get("operator", "/doubts")).json()["items"]
    assert [(each["kind"], each["other_person_id"]) for each in doubts] == [("two-persons", one)]


async def test_a_second_prison_number_is_looked_at_by_people(world: World) -> None:
    id_ = await world.register("police-north", "pnc:2012-0052494Q", identifiers=[NOMS])
    again = [{"scheme": "noms", "value": "C9999CC"}]
    assert await world.register("probation-north", "pnc:2012-0052494Q", identifiers=again) == id_
    doubts = (await world.get("operator", "/doubts")).json()["items"]
    assert [each["kind"] for each in doubts] == ["second-value"]
    assert await world.rows("SELECT 1 FROM person_identifier WHERE value = 'C9999CC'") == []


async def test_two_registrations_of_one_identifier_at_once_make_one_person(world: World) -> None:
    agencies = ["police-north", "probation-north", "hmp-northgate", "yot-northtown", "charity-newstart"]
    ids = await asyncio.gather(*(world.register(agency, "noms:A1234AA") for agency in agencies * 2))
    assert len(set(ids)) == 1
    assert len(await world.rows("SELECT 1 FROM person")) == 1
    assert len(await world.rows("SELECT 1 FROM registration")) == len(agencies)


async def test_an_unknown_opaque_id_is_404_and_so_is_one_that_others_registered(world: World) -> None:
    held = await world.register("police-north", "noms:A1234AA")
    for reference in (held, "01890a5d-ac96-774b-bcce-b302099a8057"):
        answer = await world.put("charity-newstart", f"/people/{reference}", person())
        assert (answer.status_code, answer.json()["code"]) == (404, "person-not-found")


async def test_malformed_references_and_identifiers_are_refused_without_echo(world: World) -> None:
    answer = await world.put("police-north", "/people/noms:NOTONE", person())
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-identifier")
    assert "NOTONE" not in answer.text
    bad = person(identifiers=[NOMS, {"scheme": "nhs", "value": "9434765918"}])
    answer = await world.put("police-north", "/people/noms:A1234AA", bad)
    assert answer.json()["errors"][0]["pointer"] == "/identifiers/1/value"
    assert "9434765918" not in answer.text
    for birth in ("1492-01-01", "2999-01-01"):
        answer = await world.put("police-north", "/people/noms:A1234AA", person(date_of_birth=birth))
        assert answer.json()["code"] == "invalid-date-of-birth"


async def test_an_auditor_registers_nobody_and_may_look_up_anyone(world: World) -> None:
    id_ = await world.register("police-north", "noms:A1234AA")
    assert (await world.put("auditor-north", "/people/noms:A1234AA", person())).status_code == 403
    answer = await world.post("auditor-north", "/people/lookup", {"identifier": NOMS})
    assert answer.json() == {"person_id": id_}
    assert (await world.post("charity-newstart", "/people/lookup", {"identifier": NOMS})).status_code == 404


async def test_an_agency_reads_its_own_facts_and_no_others(world: World) -> None:
    id_ = await world.register("hmp-northgate", "noms:A1234AA")
    await world.register("police-north", "noms:A1234AA")
    prison = (await world.get("hmp-northgate", f"/people/{id_}")).json()
    police = (await world.get("police-north", f"/people/{id_}")).json()
    assert prison["custody"]["prison"] == "hmp-northgate"
    assert prison["involvement"]["state"] == "confirmed"
    assert "custody" not in police
    assert "involvement" not in police
    assert police["registration"]["name"] == {"family": "Fenwright", "given": "Oswin"}
    assert (await world.get("charity-newstart", f"/people/{id_}")).status_code == 404


async def test_somebody_without_any_identifier_is_a_person_of_their_own(world: World) -> None:
    body = {"name": {"family": "Fenwright", "given": "Oswin"}, "date_of_birth": "1991-04-17"}
    await world.register("hmp-northgate", "noms:A1234AA")
    made = [await world.post("mht-riverside", "/people", body, key=key) for key in ("one", "two", "two")]
    assert [each.status_code for each in made] == [201, 201, 201]
    first, second, again = [each.json()["person_id"] for each in made]
    assert first != second == again
    assert await world.resolve("mht-riverside", first, "noms:A1234AA") == [first, None]
    assert (await world.get("operator", "/doubts")).json()["items"] == []
