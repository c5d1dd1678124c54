"""What is told of a number that is merged, parted and merged elsewhere: in streams of their own, so in any order."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import permutations

from chassis.ids import new_id
from contracts.caseload import PersonMergedV1, PersonUnmergedV1

Order = Sequence[int]


def orders(*, parted: bool) -> Iterator[Order]:
    """Every order in which the story can be heard; `parted`: with its last step."""
    return permutations(range(4 if parted else 3))


def told(
    first: str, second: str, number: str, *, at: datetime, order: Order
) -> Iterator[PersonMergedV1 | PersonUnmergedV1]:
    """The number was merged into the first, parted, merged into the second, and parted from that one too."""
    one, other = new_id(), new_id()
    story = (
        PersonMergedV1(merge_id=one, kept_id=first, removed_id=number, at=at),
        PersonUnmergedV1(merge_id=one, kept_id=first, removed_id=number, at=at + timedelta(minutes=1)),
        PersonMergedV1(merge_id=other, kept_id=second, removed_id=number, at=at + timedelta(minutes=2)),
        PersonUnmergedV1(merge_id=other, kept_id=second, removed_id=number, at=at + timedelta(minutes=3)),
    )
    return (story[step] for step in order)
