"""What feeds and views hold when the dust has settled: by the API, and in the gateway's rows as its own role sees them.

Of whoever withdrew nothing that stood on consent is left; of whoever agreed last it is there, or hiding all would pass.
"""

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.faults.client import FaultyWorld
from tests.faults.own_rows import rows_as
from tests.faults.races import words_about
from tests.support.stack import RunningStack
from tests.system.world import NORTHGATE, Person

Traces = Mapping[str, Sequence[str]]
"""By person id, what is said of nobody else, as it stands in JSON: the name, and the words about where to report."""

_FEED = "SELECT person_id, release_date, body FROM feed_item"
_VIEW = "SELECT person_id, body FROM section"


@dataclass(frozen=True)
class Held:
    """All that an agency was given and that was not taken back: its feed's items, and its rows of feed and view."""

    agency: str
    items: Sequence[dict[str, Any]]
    feed: Sequence[tuple[str, str | None, str]]
    view: Sequence[tuple[str, str]]


async def traces(world: FaultyWorld, people: Sequence[Person]) -> Traces:
    """What is said of these people, their names as their prison gave them."""
    found = {}
    for person in people:
        name = (await world.view(NORTHGATE, person))["identity"]["content"]["name"]
        found[person.id] = (json.dumps(name["family"]), words_about(person))
    return found


async def held(world: FaultyWorld, agency: str) -> Held:
    """What the agency holds now."""
    items, _ = await world.desk(agency).feed()
    return Held(agency, items, *await asyncio.to_thread(_rows, world.stack, agency))


def _rows(stack: RunningStack, agency: str) -> tuple[list[Any], list[Any]]:
    with rows_as(stack, agency) as connection:
        return connection.execute(_FEED).fetchall(), connection.execute(_VIEW).fetchall()


def left_behind(held: Held, withdrawn: Traces) -> Iterator[str]:
    """What is left of people who withdrew, at an agency that heard of them by consent alone."""
    for item in held.items:
        if item["person_id"] in withdrawn:
            if item["type"] != "withdrawn" and not item.get("withdrawn"):
                yield f"{held.agency}: item {item['receipt']['index']}, {item['category']}, is not withdrawn"
            elif (item["content"], item["change"]) != (None, None):
                yield f"{held.agency}: item {item['receipt']['index']}, {item['category']}, still says something"
    yield from (f"{held.agency}: a row keeps {on}" for person, on, _ in held.feed if on and person in withdrawn)
    yield from (f"{held.agency}: a row of the view is left" for person, _ in held.view if person in withdrawn)
    everything = "\n".join([json.dumps(held.items), *(row[-1] for row in held.feed), *(body for _, body in held.view)])
    for said in withdrawn.values():
        yield from (f"{held.agency}: somewhere it says {trace}" for trace in said if trace in everything)


def unheard_of(held: Held, withdrawn: Traces) -> set[str]:
    """Of whom the feed has no item that was withdrawn: there was nothing to take back."""
    return withdrawn.keys() - {item["person_id"] for item in held.items if item.get("withdrawn")}


def lacking(held: Held, standing: Traces) -> Iterator[str]:
    """What an agency lacks of people of whom it may hear."""
    for person, said in standing.items():
        feed = json.dumps([item["content"] for item in held.items if item["person_id"] == person])
        view = "\n".join(body for about, body in held.view if about == person)
        for trace in said:
            if trace not in feed:
                yield f"{held.agency}: no item of the feed says {trace}"
            if trace not in view:
                yield f"{held.agency}: nothing in the view says {trace}"
