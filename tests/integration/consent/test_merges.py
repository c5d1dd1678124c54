"""A merge that is undone: what was taken back while two numbers were one person's stays taken back for both."""

from typing import Any

import pytest

from chassis import clock
from contracts.caseload import PersonErasedV1, PersonMergedV1
from contracts.codes import ErasureReason
from tests.integration.consent.conftest import Callers
from tests.integration.consent.numbers import CHARITY, NOTHING, SHOWN, TRUST, Numbers
from tests.support.consent_bodies import consent_body
from tests.support.consent_service import ConsentService, offer
from tests.support.merging import orders, told

OBJECTION = {"categories": ["release-date"], "recipients": [{"kind": "mental-health"}], "purposes": ["direct-care"]}
TAKING: dict[str, tuple[str, dict[str, Any]]] = {
    "withdrawal": ("consent-withdrawals", {}),
    "refusal": ("consents", consent_body(CHARITY, decision="refused")),
}


@pytest.fixture
def numbers(service: ConsentService, callers: Callers) -> Numbers:
    return Numbers(service, callers)


@pytest.mark.parametrize("taking", TAKING)
@pytest.mark.parametrize("under", ["kept", "removed"])
@pytest.mark.parametrize("agreed", ["kept", "removed"])
async def test_what_was_taken_back_while_they_were_one_stays_so_for_both(
    service: ConsentService, numbers: Numbers, agreed: str, under: str, taking: str
) -> None:
    named = {"kept": await numbers.known(), "removed": await numbers.known()}
    await service.feed(offer(named[agreed]))
    await numbers.agrees(named[agreed])
    await numbers.merged(named["kept"], named["removed"])
    assert await service.visible(CHARITY) == SHOWN
    await numbers.says(named[under], *TAKING[taking])
    assert await service.visible(CHARITY) == NOTHING

    await numbers.parted(named["kept"], named["removed"])
    await service.feed(offer(named[agreed], version=2))
    assert await service.visible(CHARITY) == NOTHING

    await numbers.agrees(named[agreed])
    assert await service.visible(CHARITY) == {("release-date", 2)}, "a later consent counts"


async def test_an_objection_recorded_while_they_were_one_is_both_numbers(
    service: ConsentService, numbers: Numbers
) -> None:
    kept, removed = await numbers.known("of-kept"), await numbers.known("of-removed")
    await numbers.merged(kept, removed)
    await numbers.says(kept, "objections", OBJECTION)
    await numbers.parted(kept, removed)
    assert await service.visible(TRUST) == NOTHING


async def test_what_was_said_before_they_were_one_goes_back_to_its_own_alone(
    service: ConsentService, numbers: Numbers
) -> None:
    kept, removed = await numbers.known("of-kept"), await numbers.known()
    await numbers.agrees(kept)
    for path, body in (*TAKING.values(), ("objections", OBJECTION)):
        await numbers.says(removed, path, body)
    await numbers.merged(kept, removed)
    assert (await service.visible(CHARITY), await service.visible(TRUST)) == (NOTHING, NOTHING)
    await numbers.parted(kept, removed)
    assert (await service.visible(CHARITY), await service.visible(TRUST)) == (SHOWN, SHOWN)


async def test_what_came_before_this_service_heard_of_the_merge_counts_as_said_of_both(
    service: ConsentService, numbers: Numbers
) -> None:
    """Callers name the kept number as soon as caseload has merged, which may be earlier."""
    kept, removed = await numbers.known(), await numbers.known("of-removed")
    await numbers.agrees(removed)
    merged = PersonMergedV1(merge_id="m", kept_id=kept, removed_id=removed, at=clock.now())
    await numbers.says(kept, "consent-withdrawals", {})
    await service.feed(merged)
    await numbers.parted(kept, removed)
    assert await service.visible(CHARITY) == NOTHING


@pytest.mark.parametrize("heard", ["offer first", "merge first"])
async def test_an_offer_under_the_kept_number_takes_along_what_was_shared_of_it(
    service: ConsentService, numbers: Numbers, heard: str
) -> None:
    """Its owner hears of merges from the same topic, and may be ahead of this service or behind it."""
    kept, removed = await numbers.known(), await numbers.known()
    await numbers.agrees(removed)
    await numbers.agrees(kept)
    await service.feed(offer(removed, subject_ref="date"))
    (first,) = [each for each in await service.decisions(CHARITY) if each["verdict"] == "permitted"]
    merged = PersonMergedV1(merge_id="m", kept_id=kept, removed_id=removed, at=clock.now())
    moved = offer(kept, subject_ref="date", version=2)
    for event in (moved, merged) if heard == "offer first" else (merged, moved):
        await service.feed(event)
    assert await service.visible(CHARITY) == {("release-date", 2)}
    await numbers.says(kept, "consent-withdrawals", {})
    assert await service.visible(CHARITY) == NOTHING
    denied = {share["share_id"] for each in await service.events("share.denied.v1") for share in each["shares"]}
    assert first["share_id"] in denied
    await numbers.parted(kept, removed)
    await service.feed(offer(removed, subject_ref="date", version=3))
    assert await service.visible(CHARITY) == NOTHING


async def test_an_offer_under_its_own_number_again_takes_along_what_was_shared_while_they_were_one(
    service: ConsentService, numbers: Numbers
) -> None:
    kept, removed = await numbers.known(), await numbers.known()
    await numbers.agrees(removed)
    await numbers.agrees(kept)
    await numbers.merged(kept, removed)
    await service.feed(offer(kept, subject_ref="date"))
    (first,) = [each for each in await service.decisions(CHARITY) if each["verdict"] == "permitted"]
    await numbers.parted(kept, removed)
    await service.feed(offer(removed, subject_ref="date", version=2))
    assert await service.visible(CHARITY) == {("release-date", 2)}
    await numbers.says(removed, "consent-withdrawals", {})
    assert await service.visible(CHARITY) == NOTHING
    denied = {share["share_id"] for each in await service.events("share.denied.v1") for share in each["shares"]}
    assert first["share_id"] in denied


async def test_merged_and_parted_again_nothing_is_there_twice(service: ConsentService, numbers: Numbers) -> None:
    kept, removed = await numbers.known("of-kept"), await numbers.known("of-removed")
    await numbers.merged(kept, removed)
    for path, body in (*TAKING.values(), ("objections", OBJECTION)):
        await numbers.says(kept, path, body)
    for _ in range(3):
        await numbers.parted(kept, removed)
        await numbers.parted(kept, removed)
        for table in ("withdrawal", "consent", "objection"):
            assert [await numbers.count(table, number) for number in (kept, removed)] == [1, 1]
        await numbers.merged(kept, removed)


async def test_the_middle_one_of_three_has_it_too_once_it_stands_alone(
    service: ConsentService, numbers: Numbers
) -> None:
    last, middle, first = await numbers.known(), await numbers.known("of-middle"), await numbers.known()
    await numbers.agrees(middle)
    await numbers.merged(middle, first)
    await numbers.says(first, "consent-withdrawals", {})
    await numbers.merged(last, middle)
    await numbers.parted(last, first)
    await numbers.parted(last, middle)
    assert await service.visible(CHARITY) == NOTHING
    found = [await numbers.count("withdrawal", number) for number in (last, middle, first)]
    assert found == [0, 1, 1], "the last was never one with them when it was said"


async def test_of_nested_merges_the_inner_one_is_undone(service: ConsentService, numbers: Numbers) -> None:
    outer, inner, removed = await numbers.known(), await numbers.known("of-inner"), await numbers.known("of-removed")
    await numbers.merged(inner, removed)
    await numbers.merged(outer, inner)
    await numbers.parted(outer, removed)
    for number, found in ((outer, 0), (inner, 0), (removed, 1)):
        assert await numbers.count("offer", number) == found
    await numbers.agrees(outer)
    assert {event["person_id"] for event in await service.decisions(CHARITY) if event["verdict"] == "permitted"} == {
        outer
    }


async def test_of_nested_merges_heard_of_in_the_wrong_order_the_outer_one_is_undone(
    service: ConsentService, numbers: Numbers
) -> None:
    """Merges have streams of their own, by the number that is kept."""
    outer, inner, removed = await numbers.known(), await numbers.known("of-inner"), await numbers.known("of-removed")
    before = clock.now()
    await numbers.merged(outer, inner)
    await numbers.merged(inner, removed, at=before)
    await numbers.parted(outer, inner)
    await numbers.agrees(inner)
    assert await service.visible(CHARITY) == SHOWN
    permitted = [one for one in await service.decisions(CHARITY) if one["verdict"] == "permitted"]
    assert [one["person_id"] for one in permitted] == [inner, inner], "both dates are the inner one's"


async def test_merged_the_other_way_round_before_the_undoing_is_heard_of(
    service: ConsentService, numbers: Numbers
) -> None:
    one, other = await numbers.known("of-one"), await numbers.known("of-other")
    await numbers.merged(one, other)
    await numbers.merged(other, one)
    await numbers.parted(one, other)
    await numbers.agrees(one)
    permitted = [each for each in await service.decisions(CHARITY) if each["verdict"] == "permitted"]
    assert [each["person_id"] for each in permitted] == [other, other]


@pytest.mark.parametrize("parted", [False, True])
async def test_the_latest_holds_in_whatever_order_it_is_heard_of(
    service: ConsentService, numbers: Numbers, parted: bool
) -> None:
    for order in orders(parted=parted):
        first, second, number = await numbers.known(), await numbers.known(), await numbers.known(f"of-{order}")
        for event in told(first, second, number, at=clock.now(), order=order):
            await service.feed(event)
        assert await numbers.offers(number if parted else second) == 1, order


async def test_a_number_that_is_merged_elsewhere_takes_nobody_along(service: ConsentService, numbers: Numbers) -> None:
    """The undoing of its first merge is not heard of yet."""
    first, second, number = await numbers.known("of-first"), await numbers.known(), await numbers.known("of-number")
    await numbers.merged(first, number)
    await numbers.merged(second, number)
    await numbers.agrees(second)
    permitted = [each for each in await service.decisions(CHARITY) if each["verdict"] == "permitted"]
    assert [each["person_id"] for each in permitted] == [second]
    assert await numbers.count("offer", first) == 1


async def test_nothing_is_copied_to_who_was_erased(service: ConsentService, numbers: Numbers) -> None:
    kept, removed = await numbers.known(), await numbers.known()
    await numbers.merged(kept, removed)
    await numbers.says(kept, "consent-withdrawals", {})
    await service.feed(
        PersonErasedV1(
            person_id=removed,
            person_ids=(removed,),
            erasure_id="erasure-1",
            reason=ErasureReason.RETENTION_ENDED,
            by="operator",
            at=clock.now(),
        )
    )
    await numbers.parted(kept, removed)
    assert [await numbers.count("withdrawal", number) for number in (kept, removed)] == [1, 0]
