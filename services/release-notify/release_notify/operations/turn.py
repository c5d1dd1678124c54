"""One step of one person's history: the state before, the state after, and what is told of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from release_notify.calendar import england_and_wales, today
from release_notify.domain.facts import effective_address
from release_notify.domain.policy import DEFAULT, Policy
from release_notify.domain.settle import Told, settle
from release_notify.domain.state import DateFact, State

Neighbours = Mapping[str, int]
"""An address key -> how many people give it for their release."""


@dataclass(frozen=True)
class Cause:
    """Why something changed and by whom: `what` is a use case, `agency` the prison or the one that told us."""

    what: str
    agency: str
    member: str | None = None


@dataclass(frozen=True)
class Turn:
    before: State
    after: State
    told: Told | None
    cause: Cause

    @property
    def new_facts(self) -> list[DateFact]:
        """The dates that this step wrote."""
        return [fact for kind, fact in self.after.dates.items() if self.before.dates.get(kind) is not fact]


def turn(
    before: State,
    after: State,
    *,
    cause: Cause,
    neighbours: Neighbours,
    now: datetime,
    policy: Policy = DEFAULT,
) -> Turn:
    """Settles `after`: version, offer and milestones follow from what changed."""
    if after.release:
        shared = is_shared(before, after, neighbours, policy)
        after = replace(after, release=replace(after.release, address_shared=shared))
    settled, told = settle(after, today=today(now), holidays=england_and_wales, policy=policy)
    return Turn(before, settled, told, cause)


def is_shared(before: State, after: State, neighbours: Neighbours, policy: Policy) -> bool:
    """Whether enough people give this address, this one included; `neighbours` may count them already."""
    key = effective_address(after)
    if key is None:
        return False
    others = neighbours.get(key, 0) - (before.release is not None and effective_address(before) == key)
    return others + 1 >= policy.shared_address_from
