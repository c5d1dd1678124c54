"""A share knows under which number it was told, and is told again when that is another person's (ADR 0019)."""

import pytest

from chassis.ids import new_id
from tests.integration.consent.conftest import Callers
from tests.integration.consent.numbers import NOTHING, PROBATION, SHOWN, Numbers
from tests.support.consent_service import ConsentService, offer


@pytest.fixture
def numbers(service: ConsentService, callers: Callers) -> Numbers:
    return Numbers(service, callers)


async def about(service: ConsentService) -> list[tuple[str, str, str | None]]:
    """Of each decision for probation, of whom it speaks, its verdict, and what it does to what it ends."""
    return [(each["person_id"], each["verdict"], each["effect"]) for each in await service.decisions(PROBATION)]


async def test_what_was_told_while_they_were_one_is_told_of_its_own_number_when_they_part(
    service: ConsentService, numbers: Numbers
) -> None:
    kept, removed = await numbers.known(), await numbers.known("before")
    await numbers.merged(kept, removed)
    await service.feed(offer(removed, subject_ref="meanwhile"), offer(kept, subject_ref="of-kept"))
    await service.feed(service.involvement(kept, PROBATION))
    one = [(removed, "permitted", None), (kept, "permitted", None), (kept, "permitted", None)]
    assert await about(service) == one
    await numbers.parted(kept, removed)
    assert await about(service) == [*one, (removed, "permitted", "withdraw")]
    (shown,) = [each for each in await service.decisions(PROBATION) if each["effect"]]
    (ended,) = [each for each in await service.decisions(PROBATION) if each["share_id"] == shown["ends"]]
    assert ended["content"] == shown["content"]
    assert await service.visible(PROBATION) == SHOWN
    await service.feed(service.involvement(removed, PROBATION))
    assert len(await about(service)) == len(one) + 1, "and once"


async def test_what_was_told_of_another_is_taken_back_where_its_own_may_not_be_shown(
    service: ConsentService, numbers: Numbers
) -> None:
    kept, removed = new_id(), new_id()
    await service.feed(service.involvement(kept, PROBATION), offer(removed, version=1))
    await numbers.merged(kept, removed)
    await service.feed(offer(removed, version=2))
    await numbers.parted(kept, removed)
    assert (await about(service))[-1] == (removed, "refused", "withdraw")
    assert await service.visible(PROBATION) == NOTHING
