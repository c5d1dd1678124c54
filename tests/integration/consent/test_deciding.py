"""Offers and facts in, decisions out, on a real database: whatever the order, the same shares are live at the end."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise, permutations
from typing import Any

import pytest
from sqlalchemy import text

from chassis.ids import new_id
from consent.domain.decide import decide_again_at
from consent.main import Timers
from consent.models import PersonRow
from consent.operations import deciding, decisions
from consent.operations.decisions import decide_persons
from consent.operations.writing import Decided
from contracts.caseload import PersonMergedV1, PersonUnmergedV1
from contracts.codes import AgencyKind, Category
from tests.support.consent_service import LONG_AGO, ConsentService, mappa, offer
from tests.support.consent_world import JUSTIFICATION


async def test_an_involvement_that_opens_late_gets_the_current_date_once(service: ConsentService) -> None:
    person = new_id()
    await service.feed(offer(person, version=1))
    await service.feed(offer(person, version=2))
    await service.feed(service.involvement(person, "probation-north"))
    await service.feed(service.involvement(person, "probation-north"))
    found = await service.decisions("probation-north")
    assert [(one["version"], one["verdict"], one["clause"]) for one in found] == [(2, "permitted", "2.2")]
    assert found[0]["content"]["release_date"] == "2027-03-05"
    assert found[0]["consent_id"] is None


async def test_every_offer_is_answered_once_even_if_it_concerns_nobody(service: ConsentService) -> None:
    person = new_id()
    made = offer(person)
    await service.feed(made)
    answers = await service.events("offer.decided.v1")
    assert [(one["offer_id"], one["decisions"]) for one in answers] == [(made.offer_id, [])]


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_a_refusal_becomes_a_permit_by_itself_whatever_comes_first(
    service: ConsentService, order: tuple[int, ...]
) -> None:
    person = new_id()
    events = [
        offer(person, category=Category.RISK_MARKERS, content={"markers": [{"code": "arson", "level": "high"}]}),
        service.involvement(person, "mht-riverside"),
        mappa(person),
    ]
    for index in order:
        await service.feed(events[index])
    assert await service.visible("mht-riverside") == {("risk-markers", 1)}
    found = await service.decisions("mht-riverside")
    assert [one["verdict"] for one in found][-1] == "permitted"
    assert [one["verdict"] for one in found].count("permitted") == 1


async def test_a_claim_alone_is_refused_with_the_reason_and_then_confirmed(service: ConsentService) -> None:
    person = new_id()
    await service.feed(offer(person), service.involvement(person, "police-north", "claimed"))
    await service.feed(service.involvement(person, "police-north", "confirmed"))
    found = await service.decisions("police-north")
    assert [(one["verdict"], one["reason"]) for one in found] == [
        ("refused", "involvement-not-confirmed"),
        ("permitted", None),
    ]
    notes = await service.events("involvement.noted.v1")
    assert [note["state"] for note in notes] == ["claimed", "confirmed"]


async def test_an_involvement_that_ends_ends_its_shares_and_leaves_the_feed(service: ConsentService) -> None:
    person = new_id()
    await service.feed(offer(person), service.involvement(person, "police-north"))
    await service.feed(service.involvement(person, "police-north", "ended"))
    permitted, ended = await service.decisions("police-north")
    assert (ended["verdict"], ended["ends"], ended["effect"]) == ("refused", permitted["share_id"], "end")
    (denial,) = await service.events("share.denied.v1")
    assert denial["shares"] == [{"share_id": permitted["share_id"], "recipient": "police-north"}]
    assert await service.visible("police-north") == set()


async def test_a_newer_version_takes_the_older_ones_place_without_a_denial(service: ConsentService) -> None:
    person = new_id()
    await service.feed(service.involvement(person, "police-north"), offer(person, version=1))
    await service.feed(offer(person, version=2), offer(person, version=3))
    await service.feed(offer(person, version=2))
    assert await service.visible("police-north") == {("release-date", 3)}
    assert [one["version"] for one in await service.decisions("police-north")] == [1, 2, 3]
    assert await service.events("share.denied.v1") == []


async def test_a_retracted_offer_ends_its_shares(service: ConsentService) -> None:
    person = new_id()
    await service.feed(service.involvement(person, "police-north"), offer(person, version=1))
    await service.feed(offer(person, version=2, retracted=True))
    assert await service.visible("police-north") == set()
    assert (await service.decisions("police-north"))[-1]["effect"] == "end"


async def test_a_warning_reaches_the_agencies_it_names_and_the_kinds_of_the_senders_area(
    service: ConsentService,
) -> None:
    person = new_id()
    await service.feed(
        offer(
            person,
            source="charity-newstart",
            category=Category.WARNING,
            content={"risk": "suicide", "text": "made up"},
            to=("mht-riverside", "yot-northtown"),
            kinds=(AgencyKind.POLICE,),
            justification=JUSTIFICATION,
        )
    )
    found = {one["recipient"]: one for one in await service.decisions()}
    assert {name: one["verdict"] for name, one in found.items()} == {
        "mht-riverside": "permitted",
        "police-north": "permitted",
        "yot-northtown": "refused",
    }
    assert found["police-north"]["basis"] == "vital-interests"
    assert found["police-north"]["consent_id"] is None
    assert found["police-north"]["requested_by"] == "m.okafor"
    assert found["police-north"]["review_due_at"] is not None


async def test_a_merge_moves_everything_and_an_unmerge_gives_it_back(service: ConsentService) -> None:
    kept, removed = new_id(), new_id()
    await service.feed(offer(removed), service.involvement(kept, "police-north"))
    assert await service.visible("police-north") == set()
    await service.feed(PersonMergedV1(merge_id="merge-1", kept_id=kept, removed_id=removed, at=LONG_AGO))
    assert await service.visible("police-north") == {("release-date", 1)}
    assert (await service.decisions("police-north"))[-1]["person_id"] == kept
    await service.feed(offer(removed, version=2))
    assert await service.visible("police-north") == {("release-date", 2)}
    await service.feed(PersonUnmergedV1(merge_id="merge-1", kept_id=kept, removed_id=removed, at=LONG_AGO))
    assert await service.visible("police-north") == set()


async def test_what_leaves_is_redacted_by_kind_and_clause(service: ConsentService) -> None:
    person = new_id()
    identity = {
        "identifiers": [{"scheme": "noms", "value": "A1234AA"}, {"scheme": "nhs", "value": "9434765919"}],
        "name": {"family": "A", "given": "B"},
        "date_of_birth": "1990-01-01",
        "sex": "female",
    }
    await service.feed(
        offer(person, category=Category.IDENTITY, content=identity),
        service.involvement(person, "police-north"),
        service.involvement(person, "housing-northtown"),
        service.involvement(person, "mht-riverside"),
    )
    found = {one["recipient"]: one for one in await service.decisions()}
    assert found["police-north"]["content"]["identifiers"] == [{"scheme": "noms", "value": "A1234AA"}]
    assert found["police-north"]["fields_removed"] == ["identifiers.nhs"]
    assert found["housing-northtown"]["content"] == {"name": identity["name"], "date_of_birth": "1990-01-01"}
    assert found["housing-northtown"]["fields_removed"] == ["identifiers.nhs", "identifiers.noms", "sex"]
    assert found["mht-riverside"]["content"] == identity
    assert found["mht-riverside"]["fields_removed"] == []


async def test_one_of_whom_it_cannot_be_decided_holds_up_nobody_else(
    service: ConsentService, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = sorted(new_id() for _ in range(5))
    for person in people:
        await service.feed(offer(person))
        await service.feed(service.involvement(person, "probation-north"))
    decided: list[str] = []

    async def decide(session: Any, persons: Sequence[PersonRow], **how: Any) -> Decided:
        if people[1] in {person.id for person in persons}:
            raise OverflowError
        decided.extend(person.id for person in persons)
        return await decide_persons(session, persons, **how)

    monkeypatch.setattr(deciding, "decide_persons", decide)
    async with service.database.transaction() as session:
        await session.execute(text("UPDATE person SET queued_at = now() WHERE id = ANY(:ids)"), {"ids": people})
    await Timers(service.database).decide()
    assert decided == [people[0], *people[2:]]
    monkeypatch.setattr(deciding, "decide_persons", decide_persons)
    await Timers(service.database).decide()
    async with service.database.transaction() as session:
        assert not (await session.scalars(text("SELECT id FROM person WHERE queued_at IS NOT NULL"))).all()


async def test_between_two_who_are_decided_others_have_their_turn(
    service: ConsentService, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns, seen = 0, []

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    def decided(*about: Any) -> datetime | None:
        seen.append(turns)
        return decide_again_at(*about)

    monkeypatch.setattr(decisions, "decide_again_at", decided)
    beside = asyncio.create_task(others())
    try:
        await service.feed(*(offer(new_id()) for _ in range(5)))
    finally:
        beside.cancel()
    assert len(seen) == 5
    assert all(before < after for before, after in pairwise(seen)), seen
