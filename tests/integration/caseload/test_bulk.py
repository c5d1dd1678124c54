"""Many people in one call: found or registered line by line, in order, in the bulk lane."""

from tests.integration.caseload.conftest import World

NAME = {"family": "Fenwright", "given": "Oswin"}


async def test_a_thousand_lines_are_registered_and_then_only_found(world: World) -> None:
    lines = [
        {
            "person": f"noms:A{number:04}AA",
            "identifiers": [],
            "name": {"family": "Tamsinger", "given": f"P{number}"},
            "date_of_birth": "1990-01-01",
        }
        for number in range(1000)
    ]
    first = (await world.post("hmp-northgate", "/people/bulk-registrations", {"people": lines})).json()["items"]
    before = await world.rows("SELECT count(*), min(lane), max(lane) FROM outbox WHERE topic = 'offers'")
    assert before == [(2000, "bulk", "bulk")]  # identity and custody status of each
    assert len({item["person_id"] for item in first}) == 1000
    again = (await world.post("hmp-northgate", "/people/bulk-registrations", {"people": lines})).json()["items"]
    assert [item["person_id"] for item in again] == [item["person_id"] for item in first]
    assert await world.rows("SELECT count(*), min(lane), max(lane) FROM outbox WHERE topic = 'offers'") == before
    assert await world.resolve("hmp-northgate", *(str(line["person"]) for line in lines[:3])) == [
        item["person_id"] for item in first[:3]
    ]


async def test_a_bad_line_stops_no_other_and_repeats_are_one_person(world: World) -> None:
    said = {"identifiers": [], "name": NAME, "date_of_birth": "1990-01-01"}
    lines = [
        {"person": "noms:A1234AA", **said},
        {"person": "noms:nonsense", **said},
        {"person": "noms:B1234BB"},
        {"person": "noms:A1234AA", **said},
        {"person": "nhs:9434765919", **said, "identifiers": [{"scheme": "noms", "value": "A1234AA"}]},
        {"person": "noms:C1234CC", **said, "date_of_birth": "1066-10-14"},
    ]
    items = (await world.post("hmp-northgate", "/people/bulk-registrations", {"people": lines})).json()["items"]
    assert items[0]["person_id"] == items[3]["person_id"] == items[4]["person_id"]
    assert [item["code"] for item in items] == [
        None,
        "invalid-identifier",
        "person-not-found",
        None,
        None,
        "invalid-date-of-birth",
    ]


async def test_two_lines_that_mean_one_known_person_by_different_numbers(world: World) -> None:
    known = await world.register("police-north", "noms:A1234AA", identifiers=[{"scheme": "nhs", "value": "9434765919"}])
    said = {"identifiers": [], "name": NAME, "date_of_birth": "1991-04-17"}
    lines = [{"person": "noms:A1234AA", **said}, {"person": "nhs:943 476 5919", **said}]
    items = (await world.post("hmp-northgate", "/people/bulk-registrations", {"people": lines})).json()["items"]
    assert [item["person_id"] for item in items] == [known, known]
    assert len(await world.rows("SELECT 1 FROM registration WHERE agency = 'hmp-northgate'")) == 1


async def test_resolving_says_how_far_the_person_s_stream_is(world: World) -> None:
    id_ = await world.register("hmp-northgate", "noms:A1234AA")
    answer = (await world.post("hmp-northgate", "/people/resolve", {"people": [id_, "nonsense"]})).json()
    versions = await world.rows("SELECT max(version) FROM outbox WHERE topic = 'caseload-events' AND key = :id", id=id_)
    assert answer["items"] == [
        {"person_id": id_, "version": versions[0][0], "known_as": "registered", "merged": []},
        None,
    ]
