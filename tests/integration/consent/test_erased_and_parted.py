"""Who was one with somebody that is erased, and was parted before, stays: in whichever order that is heard."""

from datetime import timedelta

import pytest

from chassis import clock
from contracts.caseload import PersonMergedV1, PersonUnmergedV1
from tests.integration.consent.conftest import Callers
from tests.integration.consent.numbers import CHARITY, NOTHING, SHOWN, Numbers
from tests.support.consent_service import ConsentService, offer
from tests.support.erasures import HEARD, batches, person_erased


@pytest.fixture
def numbers(service: ConsentService, callers: Callers) -> Numbers:
    return Numbers(service, callers)


@pytest.mark.parametrize("heard", HEARD)
async def test_who_was_parted_stays_with_all_that_is_theirs(
    service: ConsentService, numbers: Numbers, heard: str
) -> None:
    kept, removed = await numbers.known("of-kept"), await numbers.known("of-removed")
    await numbers.agrees(removed)
    await numbers.merged(kept, removed)
    assert await service.visible(CHARITY) == SHOWN
    parted = PersonUnmergedV1(merge_id="m", kept_id=kept, removed_id=removed, at=clock.now())
    for batch in batches(heard, parted, person_erased(kept, at=clock.now())):
        await service.feed(*batch)

    (erasure,) = await service.events("erasure.recorded.v1")
    assert (erasure["person_ids"], erasure["subjects"]) == ([kept], ["of-kept"])
    assert (await numbers.offers(kept), await numbers.offers(removed)) == (0, 1)
    assert await service.visible(CHARITY) == SHOWN
    await service.feed(offer(removed, version=2, subject_ref="of-removed"))
    assert await service.visible(CHARITY) == {("release-date", 2)}
    await numbers.says(removed, "consent-withdrawals", {})
    assert await service.visible(CHARITY) == NOTHING


async def test_an_erasure_of_the_next_one_that_it_was_merged_into_takes_nobody_along_who_was_parted(
    service: ConsentService, numbers: Numbers
) -> None:
    """The kept one of an undone merge was merged in its turn: the three are told of in streams of their own."""
    last, middle, first = await numbers.known(), await numbers.known(), await numbers.known("of-first")
    await numbers.agrees(first)
    at = clock.now()
    await numbers.merged(middle, first, at=at)
    await numbers.merged(last, middle, at=at + timedelta(seconds=2))
    await service.feed(person_erased(last, middle, at=clock.now()))
    late = at + timedelta(seconds=1)
    await service.feed(PersonUnmergedV1(merge_id="m", kept_id=middle, removed_id=first, at=late))
    assert await numbers.offers(first) == 1
    assert await service.visible(CHARITY) == SHOWN


async def test_a_subject_is_of_the_number_that_it_was_offered_under_last(
    service: ConsentService, numbers: Numbers
) -> None:
    kept, removed = await numbers.known(), await numbers.known()
    await numbers.agrees(removed)
    await numbers.merged(kept, removed)
    await service.feed(offer(kept, subject_ref="date"))
    await service.feed(offer(removed, subject_ref="date", version=2))
    await numbers.parted(kept, removed)
    assert (await numbers.offers(kept), await numbers.offers(removed)) == (0, 1)
    await service.feed(PersonMergedV1(merge_id="n", kept_id=removed, removed_id=kept, at=clock.now()))
    await numbers.says(removed, "consent-withdrawals", {})
    assert await service.visible(CHARITY) == NOTHING
