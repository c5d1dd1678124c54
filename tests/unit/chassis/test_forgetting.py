"""Which events of a batch are taken in beside an erasure."""

from datetime import UTC, datetime

import pytest

from chassis.consumer import Received
from chassis.forgetting import without_erased
from contracts.caseload import PersonMergedV1, PersonUnmergedV1
from contracts.event import EventData
from tests.support.erasures import person_erased

AT = datetime(2026, 6, 1, tzinfo=UTC)
MERGED = PersonMergedV1(merge_id="m", kept_id="kept", removed_id="removed", at=AT)
PARTED = PersonUnmergedV1(merge_id="m", kept_id="kept", removed_id="removed", at=AT)


def taken_in(*events: EventData, erased: tuple[str, ...] = ()) -> list[EventData]:
    batch = [Received("r", str(each.TOPIC), each.key, n, AT, None, each) for n, each in enumerate(events, 1)]
    return [received.data for received in without_erased(batch, erased)]


@pytest.mark.parametrize("gone", ["kept", "removed"])
def test_the_undoing_of_a_merge_with_one_who_is_erased_gives_the_other_back(gone: str) -> None:
    erasure = person_erased(gone, at=AT)
    assert taken_in(PARTED, erasure) == [PARTED, erasure]
    assert taken_in(PARTED, erased=(gone,)) == [PARTED]


def test_where_both_are_erased_nobody_is_given_back() -> None:
    erasure = person_erased("kept", "removed", at=AT)
    assert taken_in(MERGED, PARTED, erasure) == [erasure]


def test_a_merge_is_of_the_one_that_is_kept() -> None:
    erasures = {gone: person_erased(gone, at=AT) for gone in ("kept", "removed")}
    assert taken_in(MERGED, erasures["kept"]) == [erasures["kept"]]
    assert taken_in(MERGED, erasures["removed"]) == [MERGED, erasures["removed"]]
