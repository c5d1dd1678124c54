"""Erasing a person: log and gateways are told, nothing is left to decide on, and nothing late brings it back."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from chassis import clock
from chassis.parked import list_parked, park, runnable
from chassis.stream import Message, keep_waiting
from consent.models import Table
from consent.operations.erasure import OF_PERSON
from consent.operations.merges import MOVES
from contracts.caseload import PersonErasedV1, PersonMergedV1, PersonUnmergedV1
from contracts.codes import Category, ErasureReason
from contracts.envelope import Envelope
from tests.integration.consent.conftest import Callers
from tests.support.consent_service import ConsentService, mappa, offer
from tests.support.traces import traces

PRISON, PROBATION, CHARITY = "hmp-northgate", "probation-north", "charity-newstart"
WORDS = ("Quillonby", "Mulberry", "Marrowby", "Vetchling", "Oxlipped")
BY_THEMSELVES = ("outbox", "idempotency_record")
CONSENT = {
    "decision": "given",
    "categories": ["release-date", "identity", "accommodation"],
    "recipients": [{"agency": CHARITY}],
    "purposes": ["resettlement"],
    "how": "written",
    "given_by": "person",
    "has_capacity": True,
    "interpreter": "Mulberry",
    "statement": {"id": "leaflet", "version": "1"},
    "evidence_ref": "Marrowby",
}
PULL = {"person": "p-1", "category": "risk-markers", "justification": "Vetchling was found."}


def erased(*ids: str, once_with: tuple[str, ...] = ()) -> PersonErasedV1:
    return PersonErasedV1(
        person_id=ids[0],
        person_ids=ids,
        once_with=once_with,
        erasure_id="erasure-1",
        reason=ErasureReason.RETENTION_ENDED,
        by="operator",
        at=clock.now(),
    )


async def known(service: ConsentService, callers: Callers, person: str) -> None:
    """A person of whom every kind of fact is kept, with permits on law and on consent."""
    identity = {"name": {"family": "Quillonby", "given": "Odo"}, "date_of_birth": "1991-04-17", "identifiers": []}
    await service.feed(
        service.involvement(person, PRISON, roles=("custody",)),
        service.involvement(person, PROBATION, roles=("offender-manager",)),
        service.involvement(person, CHARITY, "claimed"),
        mappa(person),
        offer(person, content=None),
        offer(person, category=Category.IDENTITY, content=identity),
        offer(person, source=PROBATION, category=Category.WARNING, to=(PRISON,), justification="Oxlipped"),
    )
    until = (clock.now() + timedelta(days=90)).date().isoformat()
    given = await callers.post(PROBATION, f"/people/{person}/consents", {**CONSENT, "valid_until": until})
    assert given.status_code == 201, given.text
    asked = await callers.post(PROBATION, "/emergency-requests", {**PULL, "person": person}, member="m.okafor")
    assert asked.status_code in (201, 202), asked.text
    assert await service.visible(CHARITY)
    assert await service.visible(PROBATION)


def test_every_table_about_a_person_is_erased_from() -> None:
    following = {name for name, table in Table.metadata.tables.items() if "recorded_person_id" in table.columns}
    assert following == {*OF_PERSON, "withdrawal"} == {str(table.__tablename__) for table in MOVES}


async def test_nothing_is_left_and_the_log_and_the_gateways_are_told(service: ConsentService, callers: Callers) -> None:
    await known(service, callers, "p-1")
    live = {share["share_id"] for share in await service.decisions() if share["verdict"] == "permitted"}
    assert {word for found in traces(service.database.url, WORDS).values() for word in found} == set(WORDS)
    await service.feed(erased("p-1"))
    assert traces(service.database.url, WORDS, but=BY_THEMSELVES) == {}
    assert set(traces(service.database.url, ["p-1"], but=(*BY_THEMSELVES, "outbox_stream"))) == {"person"}
    (told,) = await service.events("erasure.recorded.v1")
    assert set(told["subjects"]) == {"release-date-of-p-1", "identity-of-p-1", "warning-of-p-1"}
    assert (told["person_ids"], told["reason"], told["by"]) == (["p-1"], "retention-ended", "operator")
    (denied,) = await service.events("share.denied.v1")
    assert {share["share_id"] for share in denied["shares"]} == live
    assert denied["effect"] == "withdraw"
    assert not [each for each in await service.decisions() if each["ends"]], "an ending would tell whose erasure it was"


async def test_what_comes_late_is_answered_and_not_taken_in(service: ConsentService, callers: Callers) -> None:
    await known(service, callers, "p-1")
    await service.feed(erased("p-1", "p-2"))
    before = len(await service.decisions())
    late = offer("p-1", version=9)
    await service.feed(service.involvement("p-1", CHARITY), mappa("p-2"), late, offer("p-2"), erased("p-1", "p-2"))
    await service.feed(PersonMergedV1(merge_id="m", kept_id="p-1", removed_id="p-2", at=clock.now()))
    assert len(await service.decisions()) == before
    assert late.offer_id in {event["offer_id"] for event in await service.events("offer.decided.v1")}
    assert set(traces(service.database.url, ["p-1", "p-2"], but=(*BY_THEMSELVES, "outbox_stream"))) == {"person"}
    until = (clock.now() + timedelta(days=90)).date().isoformat()
    refused = [
        await callers.post(PROBATION, "/people/p-1/consents", {**CONSENT, "valid_until": until}),
        await callers.post(PROBATION, "/emergency-requests", PULL, member="m.okafor"),
    ]
    assert [answer.status_code for answer in refused] == [404, 404]


async def test_everybody_else_goes_on(service: ConsentService, callers: Callers) -> None:
    await known(service, callers, "p-1")
    await service.feed(service.involvement("p-9", PROBATION, roles=("offender-manager",)), offer("p-9"))
    other = {("release-date", 1)}
    await service.feed(erased("p-1"))
    assert await service.visible(PROBATION) == other
    await service.feed(offer("p-9", version=2))
    assert await service.visible(PROBATION) == {("release-date", 2)}


async def test_one_whose_merge_was_undone_late_takes_nothing_of_the_other_along(
    service: ConsentService, callers: Callers
) -> None:
    """The erasure of a number overtakes the undoing of its merge: they are different streams."""
    await known(service, callers, "p-1")
    await service.feed(service.involvement("p-9", PROBATION, roles=("offender-manager",)), offer("p-9"))
    both: dict[str, Any] = {"merge_id": "m", "kept_id": "p-9", "removed_id": "p-1", "at": clock.now()}
    await service.feed(PersonMergedV1(**both))
    await service.feed(erased("p-1", once_with=("p-9",)))
    await service.feed(PersonUnmergedV1(**both))
    assert traces(service.database.url, WORDS, but=BY_THEMSELVES) == {}
    assert await service.visible(PROBATION) == {("release-date", 1)}
    assert await service.visible(CHARITY) == set()


@pytest.mark.parametrize("parked", [True, False])
async def test_what_waits_about_them_is_emptied_and_its_stream_goes_on(service: ConsentService, parked: bool) -> None:
    message = offer("p-1", subject_ref="s-1", content={"release_date": "Quillonby"})
    envelope = Envelope(message.offer_id, "caseload", message.TYPE, "s-1", clock.now(), 1)
    waits = Message(str(message.TOPIC), "s-1", envelope, message.model_dump_json().encode())
    async with service.database.transaction() as session:
        if parked:
            await park(session, waits, reason="malformed", now=clock.now())
        else:
            await keep_waiting(session, [waits], now=clock.now())
    await service.feed(erased("p-1"))
    assert traces(service.database.url, ["Quillonby"]) == {}
    async with service.database.session() as session:
        assert not await list_parked(session)
        assert await runnable(session, [str(message.TOPIC)], limit=9) == ([("offers", "s-1")] if parked else [])


async def test_what_waits_of_others_and_only_names_them_is_still_done(service: ConsentService) -> None:
    """Another's erasure names whom they were once one with; it waits here, and so does the undoing of a merge."""
    undone = PersonUnmergedV1(merge_id="m", kept_id="p-8", removed_id="p-1", at=clock.now())
    for data, key in ((erased("p-9", once_with=("p-1",)), "p-9"), (undone, "p-8")):
        envelope = Envelope(f"of-{key}", "caseload", data.TYPE, key, clock.now(), 5)
        waits = Message(str(data.TOPIC), key, envelope, data.model_dump_json().encode())
        async with service.database.transaction() as session:
            await keep_waiting(session, [waits], now=clock.now())
    await service.feed(erased("p-1"))
    async with service.database.session() as session:
        rows = await session.execute(text("SELECT key, headers->>'ce_type' FROM waiting ORDER BY key"))
        assert rows.all() == [("p-8", undone.TYPE), ("p-9", PersonErasedV1.TYPE)]
