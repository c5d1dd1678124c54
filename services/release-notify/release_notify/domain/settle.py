"""What follows from a state: whether the release is told anew, and which milestones are to come. One rule for all."""

from dataclasses import dataclass, replace
from datetime import date

from contracts.codes import DateType
from contracts.event import JsonObject
from release_notify.domain import milestones
from release_notify.domain.facts import content, date_of, facts
from release_notify.domain.notice import Holidays
from release_notify.domain.policy import Policy
from release_notify.domain.state import Release, State


@dataclass(frozen=True)
class Told:
    """A new version of a release: `old` and `new` are the effective dates before and after, `content` what is offered;
    None retracts the offer."""

    release: Release
    old: date | None
    new: date | None
    content: JsonObject | None


def settle(state: State, *, today: date, holidays: Holidays, policy: Policy) -> tuple[State, Told | None]:
    """The state with its release's version, facts and plan brought up to date, and what is to be told, if anything."""
    release = state.release
    if release is None:
        return state, None
    found = facts(state)
    planned = plan(state, found, today=today, holidays=holidays, policy=policy)
    if found == release.offered:
        return replace(state, release=replace(release, plan=planned)), None
    assert found is not None  # what was offered once always leaves facts
    release = replace(release, version=release.version + 1, offered=found, plan=planned)
    told = Told(
        release=release,
        old=date_of(state.release.offered) if state.release else None,
        new=date_of(found),
        content=content(found, today=today, holidays=holidays, policy=policy),
    )
    return replace(state, release=release), told


def retract(release: Release) -> tuple[Release, Told | None]:
    """The release is no longer one of its own: merged into another, or behind a new time in custody."""
    if release.offered is None:
        return replace(release, plan={}), None
    gone = replace(release, version=release.version + 1, offered=None, plan={})
    return gone, Told(gone, old=date_of(release.offered), new=None, content=None)


def plan(state: State, found: JsonObject | None, *, today: date, holidays: Holidays, policy: Policy) -> dict[str, date]:
    """The milestones to come. After the real release they count from the day it happened."""
    release = state.release
    if release is None:
        return {}
    endings: dict[DateType, date] = {kind: fact.date for kind, fact in state.dates.items() if fact.date}
    return milestones.plan(
        release.released_on or date_of(found),
        released=release.released_on is not None,
        endings=endings,
        fired=release.fired,
        present=release.plan,
        today=today,
        holidays=holidays,
        policy=policy,
    )
