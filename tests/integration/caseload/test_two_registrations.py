"""Of two registrations of one agency about one person, after a merge, the one that it reads and changes is offered."""

from collections.abc import Sequence
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import text

from tests.integration.caseload.conftest import World, person
from tests.integration.caseload.test_erasure import erase
from tests.integration.caseload.test_merges import merge

POLICE = "police-north"
NUMBERS = ("noms:A1234AA", "noms:B1234BB", "noms:C1234CC")
NAMES = ("Alder", "Birch", "Cedar")


def named(family: str) -> dict[str, Any]:
    return {"name": {"family": family, "given": "Oswin"}}


@pytest.fixture
async def people(world: World) -> Sequence[str]:
    """Three records, each registered by the police under a name and a number of its own."""
    return [await world.register(POLICE, number, **named(name)) for number, name in zip(NUMBERS, NAMES, strict=True)]


async def offers(world: World) -> list[dict[str, Any]]:
    made = await world.events("offer.made.v1")
    return [each for each in made if (each["source"], each["category"]) == (POLICE, "identity")]


async def offered(world: World) -> dict[str, list[Any]]:
    """The identities that the police offer now, by the person with whom each is after the merges."""
    newest = {each["subject_ref"]: each["content"] for each in await offers(world)}
    found: dict[str, list[Any]] = {}
    for id_, person_id in await world.rows("SELECT id, person_id FROM registration WHERE agency = :me", me=POLICE):
        if newest[id_] is not None:
            found.setdefault(person_id, []).append(newest[id_])
    return found


async def own(world: World, people: Sequence[str]) -> dict[str, list[Any]]:
    """What the police read of each record as it stands now, as it would be offered."""
    found: dict[str, list[Any]] = {}
    for id_ in people:
        facts = (await world.get(POLICE, f"/people/{id_}")).json()
        found[facts["person_id"]] = [
            {name: said for name, said in facts["registration"].items() if name != "person_id"}
        ]
    return found


async def correct(world: World, reference: str, family: str) -> dict[str, Any]:
    answer = await world.put(POLICE, f"/people/{reference}", person(**named(family)))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def undo(world: World, merge_id: str) -> None:
    assert (await world.post("operator", f"/merges/{merge_id}/reversal")).status_code == 200


async def test_the_one_that_its_agency_cannot_reach_is_offered_to_nobody(world: World, people: Sequence[str]) -> None:
    kept, removed, _ = people
    merged = (await merge(world, kept, removed)).json()["merge_id"]
    hidden = (await offers(world))[-1]
    assert (hidden["person_id"], hidden["version"], hidden["content"]) == (removed, 2, None)
    assert [each["name"]["family"] for each in (await offered(world))[kept]] == ["Alder"]
    await undo(world, merged)
    again = (await offers(world))[-1]
    assert (again["person_id"], again["subject_ref"], again["version"]) == (removed, hidden["subject_ref"], 3)
    assert again["content"] == next(
        each["content"] for each in await offers(world) if each["subject_ref"] == hidden["subject_ref"]
    )


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_what_is_offered_is_what_its_agency_reads_and_changes(
    world: World, people: Sequence[str], order: Sequence[int]
) -> None:
    """Two merges into a record that another agency alone registered, and a third that takes that one along."""
    bare = await world.register("probation-north", "noms:D1234DD")
    one, two, three = (people[place] for place in order)
    made = []
    for step, (kept, removed) in enumerate([(bare, one), (bare, two), (three, bare)]):
        made.append((await merge(world, kept, removed)).json()["merge_id"])
        assert await offered(world) == await own(world, people)
        answer = await correct(world, removed, f"Corrected{step}")
        assert answer["person_id"] == kept
        assert await offered(world) == await own(world, people)
        assert [each["name"]["family"] for each in (await offered(world))[kept]] == [f"Corrected{step}"]
    for place in order:
        await undo(world, made[place])
        assert await offered(world) == await own(world, people)
    assert sorted(await offered(world)) == sorted(people)
    versions = [(each["subject_ref"], each["version"]) for each in await offers(world)]
    assert len(set(versions)) == len(versions)
    assert all(versions.count((ref, version - 1)) for ref, version in versions if version > 1)


async def test_who_was_registered_under_one_record_alone_is_offered_as_before(world: World) -> None:
    kept = await world.register("probation-north", "noms:D1234DD")
    removed = await world.register(POLICE, "noms:A1234AA", **named("Alder"))
    merged = (await merge(world, kept, removed)).json()["merge_id"]
    assert [each["version"] for each in await offers(world)] == [1]
    await correct(world, kept, "Ashe")
    await undo(world, merged)
    assert [each["version"] for each in await offers(world)] == [1, 2]
    assert (await world.get(POLICE, f"/people/{removed}")).json()["registration"]["name"]["family"] == "Ashe"


async def test_by_the_number_of_the_hidden_one_the_person_is_found_and_the_other_completed(
    world: World, people: Sequence[str]
) -> None:
    kept, removed, _ = people
    await merge(world, kept, removed)
    assert await world.resolve(POLICE, NUMBERS[1], removed) == [kept, kept]
    before = len(await offers(world))
    answer = await correct(world, NUMBERS[1], "Ashe")
    assert [each["value"] for each in answer["identifiers"]] == ["A1234AA", "B1234BB"]
    (told,) = (await offers(world))[before:]
    assert (told["person_id"], told["version"], told["content"]["name"]["family"]) == (kept, 2, "Ashe")
    assert await offered(world) == await own(world, people)


async def test_which_one_is_offered_does_not_change_with_the_clock_of_who_writes(
    world: World, people: Sequence[str]
) -> None:
    bare = await world.register("probation-north", "noms:D1234DD")
    async with world.database.transaction() as session:
        await session.execute(text("UPDATE registration SET updated_at = updated_at + interval '1 hour'"))
    for removed in people:
        await merge(world, bare, removed)
    await correct(world, bare, "Ashe")
    assert await offered(world) == await own(world, people)
    assert [each["name"]["family"] for each in (await offered(world))[bare]] == ["Ashe"]


async def test_an_erasure_takes_the_hidden_one_along(world: World, people: Sequence[str]) -> None:
    kept, removed, other = people
    await merge(world, kept, removed)
    await erase(world, removed)
    assert await world.rows("SELECT person_id FROM registration") == [(other,)]
    assert await world.resolve(POLICE, *NUMBERS) == [None, None, other]
