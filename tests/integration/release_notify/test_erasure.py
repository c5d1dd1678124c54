"""Erasing a person: dates, history and decisions go; nothing late brings them back; others' flags stay true."""

from datetime import UTC, datetime

from chassis.ids import new_id
from release_notify.models import Table
from release_notify.operations.erasure import OF_PERSON
from release_notify.operations.merges import MOVING
from tests.integration.release_notify.conftest import NORTHGATE, World
from tests.support.erasures import person_erased
from tests.support.traces import traces
from tests.support.unanswered import sent_in_bulk, unanswered

WORDS = ("Mulberry", "Marrowby", "Vetchling", "2026-07-10", "14:35")
BY_THEMSELVES = ("outbox", "idempotency_record")
ADDRESS = {"kind": "address", "lines": ["4 Mulberry Folly"], "postcode": "NT1 1AA"}
DECISION = {"decision": "brought-forward", "date": "2026-07-09", "reason": "Vetchling asked for it."}


async def dated(world: World, person: str) -> str:
    """A person of whom every kind of row is kept; returns the release's id."""
    more = {"release_address": ADDRESS, "reporting": "See Marrowby.", "time": "14:35", "sequence": 7}
    pushed = await world.push(person, "CRD", "2026-07-10", **more)
    assert pushed.status_code == 201, pushed.text
    release_id: str = pushed.json()["release_id"]
    decided = await world.call("PUT", f"/releases/{release_id}/day-of-release-decision", DECISION, member="kit")
    assert decided.status_code == 200, decided.text
    checked = await world.call(
        "POST",
        f"/releases/{release_id}/address-check",
        {"result": "confirmed", "with": "Marrowby"},
        member="kit",
        Idempotency_Key=new_id(),
    )
    assert checked.status_code == 200, checked.text
    return release_id


def test_every_table_about_a_person_is_erased_from() -> None:
    following = {name for name, table in Table.metadata.tables.items() if "recorded_person_id" in table.columns}
    assert following == set(OF_PERSON) == set(MOVING)


async def test_nothing_of_the_person_is_left_under_any_of_their_numbers(world: World) -> None:
    kept, removed = await world.held(), await world.held()
    await dated(world, removed)
    await world.merged(kept, removed)
    assert {word for found in traces(world.database.url, WORDS).values() for word in found} == set(WORDS)
    await world.hear(person_erased(kept, removed, at=world.now))
    await world.look_at_addresses()
    assert traces(world.database.url, WORDS, but=BY_THEMSELVES) == {}
    streams = ("outbox_stream", "stream_position")
    assert set(traces(world.database.url, [kept, removed], but=(*BY_THEMSELVES, *streams))) == {"person"}
    assert (await world.get(f"/people/{removed}/release")).status_code == 404


async def test_what_comes_late_is_not_taken_in(world: World) -> None:
    kept, removed = await world.held(), await world.held()
    await dated(world, kept)
    await world.hear(person_erased(kept, removed, at=world.now))
    before = await world.rows("SELECT count(*) FROM outbox")
    for person in (kept, removed):
        await world.moved(person, "received", NORTHGATE, at=datetime(2026, 5, 5, 10, tzinfo=UTC))
        assert (await world.push(person, "CRD", "2026-07-10")).status_code == 409
    await world.merged(kept, removed)
    assert [await world.rows(f"SELECT * FROM {table}") for table in OF_PERSON] == [[]] * len(OF_PERSON)
    assert await world.rows("SELECT count(*) FROM outbox") == before
    assert await world.tick() == 0


async def test_everybody_else_stays_as_they_were(world: World) -> None:
    other = await world.held()
    await dated(world, other)
    tables = ("release", "release_date", "change", "day_of_release_decision", "address_check", "custody", "sequence")
    rows = {table: set(await world.rows(f"SELECT t::text FROM {table} t")) for table in tables}
    assert all(rows.values())
    person = await world.held()
    await dated(world, person)
    await world.hear(person_erased(person, at=world.now))
    await world.look_at_addresses()
    assert {table: set(await world.rows(f"SELECT t::text FROM {table} t")) for table in tables} == rows


async def test_an_address_that_fewer_people_give_is_counted_anew(world: World) -> None:
    persons = [await world.held() for _ in range(5)]
    for person in persons:
        await world.push(person, "CRD", "2026-07-10", release_address=ADDRESS)
    await world.look_at_addresses()
    shared = "SELECT count(*) FROM release WHERE address_shared"
    assert (await world.rows(shared))[0][0] > 0
    await world.hear(*(person_erased(person, at=world.now) for person in persons[1:]))
    await world.look_at_addresses()
    assert (await world.rows(shared))[0][0] == 0


async def test_what_was_offered_of_them_takes_no_place_in_the_window(world: World) -> None:
    persons = [await world.held() for _ in range(3)]
    for person in persons:
        await dated(world, person)
    await sent_in_bulk(world.database)
    assert await unanswered(world.database, persons) == set(persons)
    await world.hear(person_erased(*persons[:2], at=world.now))
    assert await unanswered(world.database, persons) == {persons[2]}
