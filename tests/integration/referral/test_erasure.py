"""Erasing a person: referrals go at both ends, with all that was written; nothing late brings them back."""

from datetime import date

from chassis.ids import new_id
from contracts.codes import Category
from referral.models import Table
from referral.operations.erasure import OF_PERSON
from referral.operations.merges import MOVING
from tests.integration.referral.conftest import PRISON, PROBATION, TRUST, World
from tests.support.erasures import person_erased
from tests.support.traces import traces
from tests.support.unanswered import sent_in_bulk, unanswered

WORDS = ("Quillonby", "Mulberry", "Marrowby", "Vetchling", "Oxlipped", "2026-07-10")
BY_THEMSELVES = ("outbox", "idempotency_record")
STREAMS = ("outbox_stream", "stream_position")
DAY = date(2026, 7, 10)
MEETING = {"at": "2026-06-20T09:30:00Z", "with": "Marrowby", "place": "Oxlipped House"}


async def referred(world: World, person: str) -> str:
    """A referral of which both sides wrote everything; a date; a screening request."""
    more = {"reason": "Quillonby", "previous_contact": "Mulberry"}
    referral_id = await world.received(person, **more)
    await world.release(person, new_id(), DAY, version=1, shown_to=(TRUST,))
    await world.did(referral_id, "information-request", {"question": "Vetchling?"})
    await world.decide_answer(referral_id)
    await world.did(referral_id, "information", {"answer": "Quillonby"}, agency=PRISON)
    await world.decide(Category.REFERRAL, referral_id)
    await world.did(referral_id, "acceptance", {"team": "Marrowby"})
    await world.did(referral_id, "appointments", MEETING)
    request = {"to_agency": TRUST, "reason": "Vetchling"}
    asked = await world.call("POST", f"/people/{person}/screening-requests", request, agency=PROBATION)
    assert asked.status_code == 201, asked.text
    return referral_id


def test_every_table_about_a_person_is_erased_from() -> None:
    following = {name for name, table in Table.metadata.tables.items() if "recorded_person_id" in table.columns}
    assert following == set(OF_PERSON) == set(MOVING)


async def test_nothing_of_the_person_is_left_at_either_end(world: World) -> None:
    kept, removed = new_id(), new_id()
    referral_id = await referred(world, removed)
    await world.merged(kept, removed)
    assert {word for found in traces(world.database.url, WORDS).values() for word in found} == set(WORDS)
    await world.hear(person_erased(kept, removed, at=world.now))
    assert traces(world.database.url, WORDS, but=BY_THEMSELVES) == {}
    assert set(traces(world.database.url, [kept, removed], but=(*BY_THEMSELVES, *STREAMS))) == {"person"}
    assert traces(world.database.url, [referral_id], but=(*BY_THEMSELVES, *STREAMS)) == {}
    for agency in (PRISON, TRUST):
        assert (await world.get(f"/referrals/{referral_id}", agency=agency)).status_code == 404


async def test_what_comes_late_is_not_taken_in(world: World) -> None:
    person = new_id()
    referral_id = await referred(world, person)
    offers = await world.offers()
    await world.hear(person_erased(person, at=world.now))
    events = await world.rows("SELECT count(*) FROM outbox")
    await world.release(person, new_id(), DAY, version=1, shown_to=(TRUST, PRISON))
    for offer in offers:
        await world.receipt(offer, (TRUST,), (PRISON,))
    assert await world.rows("SELECT count(*) FROM outbox") == events
    tables = ("referral", "side", "history", "release", "release_shown", "release_window", "screening", "appointment")
    assert [await world.rows(f"SELECT * FROM {table}") for table in tables] == [[]] * len(tables)
    assert (await world.write(person)).status_code == 404
    assert (await world.call("POST", f"/referrals/{referral_id}/submission", If_Match='"1"')).status_code == 404


async def test_everybody_else_goes_on(world: World) -> None:
    person, other = new_id(), new_id()
    going_on = await referred(world, other)
    tables = ("referral", "side", "history", "release", "release_shown", "release_window", "screening", "appointment")
    rows = {table: set(await world.rows(f"SELECT t::text FROM {table} t")) for table in tables}
    assert all(rows.values())
    await referred(world, person)
    await world.hear(person_erased(person, at=world.now))
    assert {table: set(await world.rows(f"SELECT t::text FROM {table} t")) for table in tables} == rows
    assert (await world.view(going_on, TRUST))["state"] == "accepted"


async def test_what_was_offered_of_them_takes_no_place_in_the_window(world: World) -> None:
    persons = [new_id() for _ in range(2)]
    for person in persons:
        await world.received(person)
    await sent_in_bulk(world.database)
    assert await unanswered(world.database, persons) == set(persons)
    await world.hear(person_erased(persons[0], at=world.now))
    assert await unanswered(world.database, persons) == {persons[1]}
