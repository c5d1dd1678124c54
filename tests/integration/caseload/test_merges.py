"""Merging and unmerging: everything moves, and exactly what moved goes back."""

from datetime import datetime, timedelta
from typing import Any

from caseload.operations import merges
from chassis import clock
from tests.integration.caseload.conftest import World


async def two_people(world: World) -> tuple[str, str]:
    """A person at Northgate under a prison number, and a record that police and a charity have under a PNC id."""
    kept = await world.register("hmp-northgate", "noms:A1234AA")
    removed = await world.register("police-north", "pnc:2012-0052494Q")
    await world.put("charity-newstart", f"/people/{removed}/involvement", {"roles": ["mentor"]})
    await world.put("police-north", f"/people/{removed}/sections/accommodation", {"status": "no-fixed-abode"})
    return kept, removed


async def merge(world: World, kept: str, removed: str, **options: Any) -> Any:
    return await world.post("operator", "/merges", {"kept_id": kept, "removed_id": removed}, **options)


TABLES = ("person_identifier", "registration", "involvement", "movement", "section")


async def owners(world: World) -> dict[str, list[Any]]:
    return {table: await world.rows(f"SELECT person_id FROM {table} ORDER BY 1") for table in TABLES}


async def test_a_merge_moves_everything_and_old_references_go_on_working(world: World) -> None:
    kept, removed = await two_people(world)
    assert (await merge(world, kept, removed)).status_code == 201
    assert {row for rows in (await owners(world)).values() for row in rows} == {(kept,)}
    for agency in ("police-north", "charity-newstart"):
        assert await world.resolve(agency, removed, "pnc:2012-0052494Q") == [kept, kept]
    facts = (await world.get("police-north", f"/people/{removed}")).json()
    assert (facts["person_id"], facts["sections"]["accommodation"]["version"]) == (kept, 1)


async def test_an_unmerge_moves_back_exactly_what_the_merge_moved(world: World) -> None:
    kept, removed = await two_people(world)
    before = await owners(world)
    merge_id = (await merge(world, kept, removed)).json()["merge_id"]
    await world.put("housing-northtown", f"/people/{removed}/involvement", {"roles": ["housing-officer"]})
    answer = await world.post("operator", f"/merges/{merge_id}/reversal")
    assert answer.json()["reversed"] is True
    after = await owners(world)
    assert {table: after[table] for table in TABLES if table != "involvement"} == {
        table: before[table] for table in TABLES if table != "involvement"
    }
    assert sorted(after["involvement"]) == sorted([*before["involvement"], (kept,)])  # written while they were one
    assert await world.resolve("police-north", removed) == [removed]
    (event,) = await world.events("person.unmerged.v1", kept)
    assert (event["merge_id"], event["removed_id"]) == (merge_id, removed)
    assert (await world.post("operator", f"/merges/{merge_id}/reversal")).json()["code"] == "already-reversed"


async def test_nested_merges_come_apart_in_their_own_parts(world: World) -> None:
    one = await world.register("hmp-northgate", "noms:A1234AA")
    two = await world.register("police-north", "noms:B1234BB")
    three = await world.register("police-north", "noms:C1234CC")
    await merge(world, two, three)
    outer = (await merge(world, one, two)).json()["merge_id"]
    assert await world.resolve("police-north", three, "noms:C1234CC") == [one, one]
    await world.post("operator", f"/merges/{outer}/reversal")
    assert await world.resolve("police-north", two, three, "noms:C1234CC") == [two, two, two]
    assert await world.resolve("hmp-northgate", one) == [one]


async def test_the_newest_movement_of_both_records_says_where_the_person_is(world: World) -> None:
    kept = await world.register("hmp-northgate", "noms:A1234AA")
    removed = await world.register("hmp-southmoor", "noms:B1234BB")
    merge_id = (await merge(world, kept, removed)).json()["merge_id"]
    assert (await world.events("custody.changed.v1", kept))[-1]["prison"] == "hmp-southmoor"
    assert (await world.get("hmp-northgate", f"/people/{kept}/involvement")).json()["state"] == "ended"
    status = [each for each in await world.events("offer.made.v1") if each["category"] == "custody-status"]
    retracted = [each for each in status if each["content"] is None]
    assert [(each["source"], each["version"]) for each in retracted] == [("hmp-southmoor", 2)]
    await world.post("operator", f"/merges/{merge_id}/reversal")
    assert (await world.events("custody.changed.v1", kept))[-1]["prison"] == "hmp-northgate"
    assert (await world.events("custody.changed.v1", removed))[-1]["prison"] == "hmp-southmoor"
    assert (await world.get("hmp-northgate", f"/people/{kept}/involvement")).json()["state"] == "confirmed"


async def test_two_records_merge_once(world: World) -> None:
    kept, removed = await two_people(world)
    assert (await merge(world, kept, kept)).json()["code"] == "same-record"
    first = await merge(world, kept, removed, key="once")
    assert (await merge(world, kept, removed, key="once")).json() == first.json()
    assert (await merge(world, kept, removed)).json()["code"] == "same-record"
    assert (await world.post("police-north", "/merges", {"kept_id": kept, "removed_id": removed})).status_code == 403


async def test_what_is_told_of_a_record_goes_forward_whatever_clocks_say(world: World) -> None:
    """Processes have clocks of their own, and whoever hears of merges and undoings takes the latest for true."""
    kept, removed = await two_people(world)
    now, told = clock.now(), list[datetime]()
    for ago in range(0, 6, 2):
        async with world.database.transaction() as session:
            row = await merges.merge(
                session,
                kept_id=kept,
                removed_id=removed,
                cause="operator",
                merged_by="operator",
                now=now - timedelta(hours=ago),
            )
        async with world.database.transaction() as session:
            before = now - timedelta(hours=ago + 1)
            undone = await merges.unmerge(session, merge_id=row.id, reversed_by="operator", now=before)
        assert undone.reversed_at is not None
        told += [undone.merged_at, undone.reversed_at]
    assert told == sorted(set(told)), told
    made = [event["at"] for event in await world.events("person.merged.v1", kept)]
    assert len(made) == 3
    assert made == sorted(made)


async def test_a_doubt_is_settled_by_merging_or_by_keeping_apart(world: World) -> None:
    held = await world.register("police-north", "noms:A1234AA")
    other = {"name": {"family": "Quillon", "given": "Bram"}, "date_of_birth": "1970-01-02"}
    mine = await world.register("probation-north", "noms:A1234AA", **other)
    (doubt,) = (await world.get("operator", "/doubts")).json()["items"]
    path = f"/doubts/{doubt['doubt_id']}/decision"
    assert (await world.post("operator", path, {"decision": "merge"})).json()["code"] == "nothing-to-merge"
    settled = await world.post("operator", path, {"decision": "merge", "keep": held})
    assert settled.json()["state"] == "merged"
    assert await world.resolve("probation-north", mine, "noms:A1234AA") == [held, held]
    assert (await world.post("operator", path, {"decision": "keep-apart"})).json()["code"] == "doubt-settled"


async def test_what_people_kept_apart_is_not_asked_again(world: World) -> None:
    await world.register("police-north", "noms:A1234AA")
    other = {"name": {"family": "Quillon", "given": "Bram"}, "date_of_birth": "1970-01-02"}
    await world.register("probation-north", "noms:A1234AA", **other)
    (doubt,) = (await world.get("operator", "/doubts")).json()["items"]
    await world.post("operator", f"/doubts/{doubt['doubt_id']}/decision", {"decision": "keep-apart"})
    await world.register("probation-north", "noms:A1234AA", **other, sex="male")
    assert (await world.get("operator", "/doubts")).json()["items"] == []
