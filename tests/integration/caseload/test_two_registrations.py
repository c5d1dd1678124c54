"""Of two registrations of one agency about one person, after a merge, it reads the one that it changes."""

from collections.abc import Sequence
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import text

from tests.integration.caseload.conftest import World, person
from tests.integration.caseload.test_merges import merge

POLICE = "police-north"
NUMBERS = ("noms:A1234AA", "noms:B1234BB", "noms:C1234CC")


def named(family: str) -> dict[str, Any]:
    return {"name": {"family": family, "given": "Oswin"}}


@pytest.fixture
async def people(world: World) -> Sequence[str]:
    """Three records, each registered by the police under a name and a number of its own."""
    families = ("Alder", "Birch", "Cedar")
    return [
        await world.register(POLICE, number, **named(family)) for number, family in zip(NUMBERS, families, strict=True)
    ]


@pytest.fixture
async def bare(world: World) -> str:
    """A record that another agency alone registered."""
    return await world.register("probation-north", "noms:D1234DD")


async def written(world: World, reference: str, family: str) -> dict[str, Any]:
    answer = await world.put(POLICE, f"/people/{reference}", person(**named(family)))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def read(world: World, reference: str) -> dict[str, Any]:
    return dict((await world.get(POLICE, f"/people/{reference}")).json()["registration"])


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_an_agency_reads_what_it_wrote(
    world: World, people: Sequence[str], bare: str, order: Sequence[int]
) -> None:
    """Two merges into a record that it did not register, and a third of all that into one that it did."""
    one, two, three = (people[place] for place in order)
    merges = []
    for step, (kept, removed) in enumerate([(bare, one), (bare, two), (three, bare)]):
        merges.append((await merge(world, kept, removed)).json()["merge_id"])
        answer = await written(world, removed, f"Corrected{step}")
        assert answer["person_id"] == kept
        assert await read(world, removed) == answer
    for place in order:
        assert (await world.post("operator", f"/merges/{merges[place]}/reversal")).status_code == 200
        for id_ in people:
            before = await read(world, id_)
            assert await written(world, id_, before["name"]["family"]) == before
    assert [(await read(world, id_))["person_id"] for id_ in people] == list(people)


async def test_the_one_of_the_kept_record_is_read_and_changed(world: World, people: Sequence[str]) -> None:
    kept, removed, _ = people
    await written(world, removed, "Later")
    await merge(world, kept, removed)
    assert (await read(world, removed))["name"]["family"] == "Alder"
    assert await world.resolve(POLICE, NUMBERS[1], removed) == [kept, kept]
    answer = await written(world, NUMBERS[1], "Ashe")
    assert [each["value"] for each in answer["identifiers"]] == ["A1234AA", "B1234BB"]
    assert await read(world, kept) == answer


async def test_what_was_corrected_goes_on_through_another_merge(world: World, people: Sequence[str], bare: str) -> None:
    kept, removed, _ = people
    await merge(world, kept, removed)
    answer = await written(world, kept, "Ashe")
    await merge(world, bare, kept)
    assert await read(world, bare) == {**answer, "person_id": bare}
    assert await written(world, bare, "Ashe") == {**answer, "person_id": bare}


async def test_which_one_it_is_does_not_change_with_the_clock_of_who_writes(
    world: World, people: Sequence[str], bare: str
) -> None:
    async with world.database.transaction() as session:
        await session.execute(text("UPDATE registration SET updated_at = updated_at + interval '1 hour'"))
    for removed in people:
        await merge(world, bare, removed)
    answer = await written(world, bare, "Ashe")
    assert await read(world, bare) == answer
    assert await written(world, bare, "Ashe") == answer
