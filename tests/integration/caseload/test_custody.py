"""Movements: who holds the person, what others are told of it, and what a transfer keeps."""

from typing import Any

from tests.integration.caseload.conftest import World


async def move(world: World, agency: str, person: str, type_: str, at: str, **more: Any) -> Any:
    return await world.post(agency, f"/people/{person}/custody-events", {"type": type_, "at": at, **more})


async def received(world: World) -> str:
    """A person received by Northgate on 1 March 2026."""
    id_ = await world.register("police-north", "noms:A1234AA")
    await world.put("hmp-northgate", f"/people/{id_}/involvement", {"roles": ["custody"]})
    assert (await move(world, "hmp-northgate", id_, "received", "2026-03-01T10:00:00Z")).status_code == 201
    return id_


async def test_registering_by_a_prison_opens_its_custody(world: World) -> None:
    id_ = await world.register("hmp-northgate", "noms:A1234AA")
    (custody,) = await world.events("custody.changed.v1", id_)
    assert (custody["status"], custody["prison"]) == ("received", "hmp-northgate")
    (involvement,) = await world.events("involvement.changed.v1", id_)
    assert (involvement["state"], involvement["via"]) == ("confirmed", "registration")
    status = [each for each in await world.events("offer.made.v1", id_) if each["category"] == "custody-status"]
    assert [(each["source"], each["content"]["prison"]) for each in status] == [("hmp-northgate", "hmp-northgate")]


async def test_registering_does_not_steal_custody(world: World) -> None:
    id_ = await world.register("hmp-northgate", "noms:A1234AA")
    await world.register("hmp-southmoor", "noms:A1234AA")
    assert len(await world.events("custody.changed.v1", id_)) == 1
    own = (await world.get("hmp-southmoor", f"/people/{id_}/involvement")).json()
    assert own["state"] == "claimed"


async def test_completing_a_registration_does_not_receive_a_released_person_again(world: World) -> None:
    id_ = await received(world)
    await move(world, "hmp-northgate", id_, "released", "2026-04-01T09:00:00Z")
    assert await world.register("hmp-northgate", "noms:A1234AA") == id_
    assert [each["status"] for each in await world.events("custody.changed.v1", id_)] == ["received", "released"]


async def test_a_transfer_hands_over_and_keeps_the_time_in_custody_and_everything_else(world: World) -> None:
    id_ = await received(world)
    await world.put("charity-newstart", f"/people/{id_}/involvement", {"roles": ["mentor"]})
    await world.put("hmp-northgate", f"/people/{id_}/sections/accommodation", {"status": "sought"})
    answer = await move(world, "hmp-northgate", id_, "transferred", "2026-03-05T10:00:00Z", to_prison="MDI")
    assert answer.json()["outcome"] == "applied"
    first, second = await world.events("custody.changed.v1", id_)
    assert first["custody_id"] == second["custody_id"]
    assert (second["prison"], second["previous_prison"]) == ("hmp-southmoor", "hmp-northgate")
    told = await world.events("involvement.changed.v1", id_)
    assert [(each["agency"], each["state"], each["via"]) for each in told[-2:]] == [
        ("hmp-northgate", "ended", "transfer"),
        ("hmp-southmoor", "confirmed", "transfer"),
    ]
    assert (await world.get("charity-newstart", f"/people/{id_}/involvement")).json()["state"] == "claimed"
    assert await world.rows("SELECT count(*) FROM section WHERE person_id = :id", id=id_) == [(1,)]
    status = [each for each in await world.events("offer.made.v1", id_) if each["category"] == "custody-status"]
    assert [(each["source"], each["version"]) for each in status] == [("hmp-northgate", 1), ("hmp-southmoor", 2)]
    assert status[0]["subject_ref"] == status[1]["subject_ref"]


async def test_only_the_holder_releases_or_transfers(world: World) -> None:
    id_ = await received(world)
    await world.register("hmp-southmoor", "noms:A1234AA")
    for type_, more in (("released", {}), ("transferred", {"to_prison": "hmp-southmoor"})):
        answer = await move(world, "hmp-southmoor", id_, type_, "2026-03-02T10:00:00Z", **more)
        assert (answer.status_code, answer.json()["code"]) == (409, "not-in-custody")
    answer = await move(world, "police-north", id_, "released", "2026-03-02T10:00:00Z")
    assert answer.status_code == 403


async def test_a_release_ends_the_prison_s_involvement(world: World) -> None:
    id_ = await received(world)
    await move(world, "hmp-northgate", id_, "released", "2026-04-01T09:00:00Z", reason_code="CR")
    assert (await world.events("custody.changed.v1", id_))[-1]["prison"] is None
    assert (await world.events("involvement.changed.v1", id_))[-1]["state"] == "ended"
    offer = (await world.events("offer.made.v1", id_))[-1]
    assert offer["source"] == "hmp-northgate"
    assert (offer["content"]["status"], offer["content"]["prison"]) == ("released", "hmp-northgate")


async def test_a_movement_older_than_the_last_one_is_kept_and_not_applied(world: World) -> None:
    id_ = await received(world)
    await move(world, "hmp-northgate", id_, "transferred", "2026-03-05T10:00:00Z", to_prison="hmp-southmoor")
    await world.put("hmp-northgate", "/people/noms:A1234AA/involvement", {"roles": ["custody"]})
    answer = await move(world, "hmp-northgate", id_, "recalled", "2026-03-04T10:00:00Z")
    assert answer.json()["outcome"] == "stale"
    assert len(await world.events("custody.changed.v1", id_)) == 2
    assert await world.rows("SELECT outcome FROM movement WHERE status = 'recalled'") == [("stale",)]


async def test_a_registration_is_no_movement_and_the_first_one_told_after_it_applies(world: World) -> None:
    id_ = await world.register("hmp-northgate", "noms:A1234AA")
    answer = await move(world, "hmp-northgate", id_, "transferred", "2026-03-05T10:00:00Z", to_prison="MDI")
    assert answer.json()["outcome"] == "applied"
    opened, transfer = await world.events("custody.changed.v1", id_)
    assert (opened["moved_at"], transfer["moved_at"]) == (None, "2026-03-05T10:00:00Z")
    assert (transfer["prison"], transfer["custody_id"]) == ("hmp-southmoor", opened["custody_id"])
    answer = await move(world, "hmp-southmoor", id_, "released", "2026-03-04T10:00:00Z")
    assert answer.json()["outcome"] == "stale"


async def test_who_registers_a_released_person_holds_them_and_no_older_movement_comes_back(world: World) -> None:
    id_ = await received(world)
    await move(world, "hmp-northgate", id_, "released", "2026-04-01T09:00:00Z")
    await world.register("hmp-southmoor", "noms:A1234AA")
    assert (await world.events("custody.changed.v1", id_))[-1]["prison"] == "hmp-southmoor"
    answer = await move(world, "hmp-southmoor", id_, "received", "2026-03-31T09:00:00Z")
    assert answer.json()["outcome"] == "stale"
    answer = await move(world, "hmp-southmoor", id_, "released", "2026-04-20T09:00:00Z")
    assert answer.json()["outcome"] == "applied"


async def test_a_transfer_names_a_prison_of_the_register_and_nothing_else_does(world: World) -> None:
    id_ = await received(world)
    at = "2026-03-05T10:00:00Z"
    for type_, more, code in (
        ("transferred", {}, "transfer-needs-prison"),
        ("released", {"to_prison": "MDI"}, "transfer-needs-prison"),
        ("transferred", {"to_prison": "police-north"}, "unknown-prison"),
        ("transferred", {"to_prison": "hmpps-national"}, "unknown-prison"),
    ):
        answer = await move(world, "hmp-northgate", id_, type_, at, **more)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    answer = await move(world, "hmp-northgate", id_, "released", "2999-01-01T00:00:00Z")
    assert answer.json()["code"] == "movement-in-future"


async def test_the_same_report_with_the_same_key_is_answered_again(world: World) -> None:
    id_ = await received(world)
    body = {"type": "released", "at": "2026-04-01T09:00:00Z"}
    path = f"/people/{id_}/custody-events"
    first = await world.post("hmp-northgate", path, body, key="once")
    second = await world.post("hmp-northgate", path, body, key="once")
    assert first.json() == second.json()
    assert second.headers["Idempotency-Replayed"] == "true"
    assert len(await world.rows("SELECT 1 FROM movement WHERE status = 'released'")) == 1
