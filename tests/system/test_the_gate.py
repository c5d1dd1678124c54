"""One release date, all the way through the gate: who sees it, who does not, and what the log says of each."""

from datetime import timedelta
from itertools import permutations

import pytest

from chassis.clock import now
from tests.support.eventually import eventually
from tests.support.settled import settled
from tests.system.world import (
    CHARITY,
    DRUGS,
    GATEHOUSE,
    NORTHGATE,
    POLICE,
    PROBATION,
    SOUTHMOOR,
    Person,
    World,
)

pytestmark = pytest.mark.kafka

TODAY = now().date()
FIRST, SECOND, THIRD = (TODAY + timedelta(days=days) for days in (40, 50, 60))


async def test_a_charity_sees_a_date_after_consent_although_it_was_pushed_before(world: World) -> None:
    person = await world.person()
    await world.push(person, FIRST)
    await world.claim(person, CHARITY)
    refusal = await world.logged(person, recipient=CHARITY, category="release-date", reason="consent-missing")
    assert refusal["decision"] == "refused"
    assert await world.release(CHARITY, person) is None
    consent_id = await world.consent(person, CHARITY)
    await world.sees(CHARITY, person, FIRST)
    permit = await world.logged(person, recipient=CHARITY, category="release-date", decision="permitted")
    assert (permit["clause"], permit["basis"], permit["consent_id"]) == ("3.1", "consent", consent_id)
    assert (permit["agreement"], permit["agreement_version"]) == ("north-isa", "1.0.0")


async def test_after_a_withdrawal_the_charity_sees_nothing_and_probation_goes_on_by_law(world: World) -> None:
    person = await world.person()
    await world.push(person, FIRST)
    await world.supervise(person)
    await world.claim(person, CHARITY)
    await world.consent(person, CHARITY)
    await world.sees(CHARITY, person, FIRST)
    await world.sees(PROBATION, person, FIRST)
    (shown,) = await world.feed_about(CHARITY, person)

    withdrawn_at = await world.withdraw(person, by=PROBATION)
    await world.sees_nothing(CHARITY, person)
    await world.push(person, SECOND)
    await world.sees(PROBATION, person, SECOND)
    after = await world.logged(person, recipient=CHARITY, category="release-date", reason="consent-withdrawn")
    assert after["decision"] == "refused"
    assert await world.release(CHARITY, person) is None

    async def blanked() -> bool:
        items = await world.feed_about(CHARITY, person)
        return [item["type"] for item in items] == ["release.date-changed", "withdrawn"]

    await eventually(blanked, within=20)
    first, notice = await world.feed_about(CHARITY, person)
    assert (first["item_id"], first["cursor"], first["content"]) == (shown["item_id"], shown["cursor"], None)
    assert notice["withdraws"] == shown["item_id"]
    permits = await world.shares(person, decision="permitted", recipient=CHARITY)
    assert all(permit["decided_at"] < withdrawn_at.isoformat() for permit in permits)
    by_law = await world.logged(person, recipient=PROBATION, category="release-date", decision="permitted")
    assert (by_law["clause"], by_law["basis"], by_law["consent_id"]) == ("2.2", "statutory", None)


async def test_an_involvement_that_opens_late_gets_the_current_date_once(world: World) -> None:
    person = await world.person()
    for day in (FIRST, THIRD, SECOND):
        await world.push(person, day)
    await settled(world.stack)  # a date that is still under way when it opens comes after the one that was current then
    await world.supervise(person)
    await world.sees(PROBATION, person, SECOND)
    await world.push(person, THIRD)
    await world.sees(PROBATION, person, THIRD)
    dates = [item["content"]["release_date"] for item in await world.feed_about(PROBATION, person)]
    assert dates == [SECOND.isoformat(), THIRD.isoformat()]
    assert (await world.feed_about(PROBATION, person))[1]["change"] == {
        "previous_date": SECOND.isoformat(),
        "direction": "later",
    }


@pytest.mark.parametrize("order", list(permutations(["push", "claim", "consent"])), ids="-".join)
async def test_a_refusal_turns_into_a_permit_by_itself_whatever_comes_last(
    world: World, order: tuple[str, ...]
) -> None:
    person = await world.person()
    steps = {
        "push": lambda: world.push(person, FIRST),
        "claim": lambda: world.claim(person, DRUGS),
        "consent": lambda: world.consent(person, DRUGS),
    }
    for step in order:
        await steps[step]()  # type: ignore[no-untyped-call]
    await world.sees(DRUGS, person, FIRST)
    assert len(await world.feed_about(DRUGS, person)) == 1


async def test_versions_only_go_up_however_fast_dates_follow_each_other(world: World) -> None:
    person = await world.person()
    await world.supervise(person)
    days = [TODAY + timedelta(days=30 + step * 7 % 23) for step in range(12)]
    for number, day in enumerate(days, start=1):
        await world.push(person, day, sequence=number)
    await world.sees(PROBATION, person, days[-1])
    stale = await world.push(person, FIRST, sequence=3)
    assert stale["outcome"] == "stale"
    entries = await world.shares(person, recipient=PROBATION, category="release-date", decision="permitted")
    feed = await world.feed_about(PROBATION, person)
    assert [item["content"]["release_date"] for item in feed] == [day.isoformat() for day in days]
    assert len({entry["share_id"] for entry in entries}) == len(entries) == len(days)
    assert await world.release(PROBATION, person) == days[-1].isoformat()


async def test_a_transfer_keeps_dates_and_moves_custody_and_the_right_to_push(world: World) -> None:
    person = await world.person()
    await world.push(person, FIRST)
    await world.supervise(person)
    await world.sees(PROBATION, person, FIRST)
    transfer = {"type": "transferred", "at": now().isoformat(), "to_prison": SOUTHMOOR}
    await world.desk(NORTHGATE).post(f"{person.path}/custody-events", transfer)

    async def moved() -> bool:
        answer = await world.desk(SOUTHMOOR).call("GET", f"{person.path}/release")
        return answer.ok and answer.json()["release_date"] == FIRST.isoformat()

    await eventually(moved, within=20)
    body = {"date": SECOND.isoformat(), "status": "confirmed", "reason": "recalculation"}
    old = await world.desk(NORTHGATE).call("PUT", f"{person.path}/release-dates/CRD", body)
    assert (old.status, old.json()["code"]) == (409, "not-in-custody")
    await world.push(person, THIRD, prison=SOUTHMOOR)
    await world.sees(PROBATION, person, THIRD)
    section = (await world.view(PROBATION, person))["release"]
    assert section["source"]["agency"] == SOUTHMOOR
    statuses = [item["content"]["status"] for item in await world.feed_about(PROBATION, person, "custody-status")]
    assert statuses[-1] == "transferred"


async def test_a_merge_moves_everything_and_a_withdrawal_of_either_number_stands(world: World) -> None:
    kept, removed = await world.person(), await world.person()
    for person, day in ((kept, FIRST), (removed, SECOND)):
        await world.push(person, day)
        await world.supervise(person)
        await world.claim(person, CHARITY)
        await world.consent(person, CHARITY)
        await world.sees(CHARITY, person, day)
    await world.withdraw(removed)
    await world.sees_nothing(CHARITY, removed)
    await world.sees(CHARITY, kept, FIRST)
    await _merge(world, kept, removed)
    await world.sees_nothing(CHARITY, kept)
    await world.sees(PROBATION, kept, SECOND)
    resolved = await world.desk(PROBATION).get(f"/people/noms:{removed.noms}")
    assert resolved["person_id"] == kept.id
    await world.push(kept, THIRD)
    await world.sees(PROBATION, kept, THIRD)
    await world.sees_nothing(CHARITY, kept)


async def test_what_an_agency_may_not_see_answers_404_wherever_it_asks(world: World) -> None:
    person = await world.person()
    await world.push(person, FIRST)
    stranger = world.desk(POLICE)
    for method, path, body in (
        ("GET", person.path, None),
        ("GET", f"/people/noms:{person.noms}", None),
        ("POST", "/people/lookup", {"identifier": {"scheme": "noms", "value": person.noms}}),
        ("GET", f"{person.path}/disclosures", None),
        ("GET", f"{person.path}/consents", None),
        ("POST", f"{person.path}/consent-withdrawals", {}),
    ):
        known = await stranger.call(method, path, body)
        unknown_path = path.replace(person.id, "01890000-0000-7000-8000-000000000000").replace(person.noms, "Z9999ZZ")
        unknown_body = {"identifier": {"scheme": "noms", "value": "Z9999ZZ"}} if "lookup" in path else body
        unknown = await stranger.call(method, unknown_path, unknown_body)
        assert (known.status, known.json()["code"]) == (404, unknown.json()["code"]), path
        assert known.json()["detail"] == unknown.json()["detail"]
    assert await world.feed_about(POLICE, person) == []


async def test_basis_and_consent_are_never_mixed(world: World) -> None:
    person = await world.person()
    await world.push(person, FIRST)
    await world.supervise(person)
    await world.claim(person, CHARITY)
    await world.claim(person, GATEHOUSE)
    await world.consent(person, CHARITY)
    await world.sees(CHARITY, person, FIRST)
    await world.sees(PROBATION, person, FIRST)
    entries = await world.shares(person)
    assert {entry["basis"] for entry in entries if entry["decision"] == "permitted"} == {"consent", "statutory"}
    for entry in entries:
        assert (entry["consent_id"] is not None) == (entry["basis"] == "consent")
        assert (entry["reason"] is None) == (entry["decision"] == "permitted")


async def test_when_an_involvement_ends_the_view_is_gone_and_the_feed_keeps_what_was_received(world: World) -> None:
    person = await world.person()
    await world.push(person, FIRST)
    await world.claim(person, CHARITY)
    await world.consent(person, CHARITY)
    await world.sees(CHARITY, person, FIRST)
    await world.desk(CHARITY).delete(f"/people/noms:{person.noms}/involvement")
    await world.sees_nothing(CHARITY, person)
    (item,) = await world.feed_about(CHARITY, person)
    assert item["content"]["release_date"] == FIRST.isoformat()


async def _merge(world: World, kept: Person, removed: Person) -> None:
    message = {
        "version": 1,
        "eventType": "prison-offender-events.prisoner.merged",
        "occurredAt": now().isoformat(),
        "additionalInformation": {"nomsNumber": kept.noms, "removedNomsNumber": removed.noms, "reason": "MERGE"},
    }
    answer = await world.desk("hmpps-national").call("POST", "/events", message)
    assert answer.status == 202
