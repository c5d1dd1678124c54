"""What a prison's word does to a person's dates: pure functions from a state to the next, and the refusals of each."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar

from contracts.codes import ChangeReason, CustodyStatus, DateStatus, DateType, GovernorDecision
from contracts.errors import Conflict, Invalid, NotFound
from release_notify.domain.address import Address, address_key
from release_notify.domain.day_of_release import Sentence, earliest_allowed
from release_notify.domain.effective import effective
from release_notify.domain.notice import Holidays, is_working_day
from release_notify.domain.policy import Policy
from release_notify.domain.state import Custody, DateFact, Decision, Release, State


class NotInCustody(Conflict):
    """Only the prison that holds the person in custody may push."""

    code: ClassVar[str] = "not-in-custody"


class NoSuchDate(NotFound):
    """The person has no date of this type."""


class NoSuchRelease(NotFound):
    """There is no release of this prison under this id."""


class NoAddress(Conflict):
    """The release has no address that could be checked."""

    code: ClassVar[str] = "no-address"


class DayNotAllowed(Invalid):
    """A release may come forward only to a working day, by at most two eligible working days."""

    code: ClassVar[str] = "day-not-allowed"


class NothingToDecide(Conflict):
    """There is no release date to decide about."""

    code: ClassVar[str] = "no-release-date"


class Outcome(StrEnum):
    APPLIED = "applied"
    UNCHANGED = "unchanged"
    STALE = "stale"
    REJECTED = "rejected"


@dataclass(frozen=True)
class Push:
    """What a prison says about one date."""

    date_type: DateType
    date: date
    status: DateStatus
    reason: ChangeReason
    time: str | None = None
    address: Address | None = None
    reporting: str | None = None
    sentence: Sentence | None = None
    sequence: int | None = None


Precondition = Callable[[DateFact | None], None]
"""Raises if the present fact (None: there is none) is not the one that the caller means to change."""


def anything(_present: DateFact | None) -> None:
    """No precondition: the last write wins."""


def ensure_in_custody(state: State, prison: str) -> None:
    if state.custody is None or state.custody.prison != prison:
        raise NotInCustody


def ensure_own_release(state: State, release_id: str, *, prison: str) -> None:
    """Raises NoSuchRelease unless this is the person's release now and this prison's."""
    if state.release is None or state.release.release_id != release_id or state.release.prison != prison:
        raise NoSuchRelease


def present(state: State, date_type: DateType) -> DateFact | None:
    """The date of this type, unless it was withdrawn."""
    fact = state.dates.get(date_type)
    return fact if fact and fact.date else None


def push(
    state: State, said: Push, *, prison: str, now: datetime, precondition: Precondition = anything
) -> tuple[State, Outcome]:
    """`stale` is judged first, then `unchanged`, then the precondition. Any push but a stale one ends a pending
    recalculation. Raises NotInCustody, and what `precondition` raises."""
    ensure_in_custody(state, prison)
    key = (prison, said.date_type)
    if said.sequence is not None and said.sequence <= state.sequences.get(key, -1):
        return state, Outcome.STALE
    old = present(state, said.date_type)
    unchanged = old is not None and _same(old, said)
    if not unchanged:
        precondition(old)
    sequences = state.sequences if said.sequence is None else {**state.sequences, key: said.sequence}
    state = replace(state, sequences=sequences, pending=False)
    if unchanged:
        return state, Outcome.UNCHANGED
    fact = DateFact(
        date_type=said.date_type,
        date=said.date,
        status=said.status,
        reason=said.reason,
        prison=prison,
        changed_at=now,
        version=_next_version(state, said.date_type),
        time=said.time,
        address=said.address,
        reporting=said.reporting,
        sentence=said.sentence,
    )
    return replace(state, dates={**state.dates, said.date_type: fact}), Outcome.APPLIED


def withdraw(
    state: State, date_type: DateType, *, reason: str, prison: str, now: datetime, precondition: Precondition
) -> State:
    """The date is no longer so: remanded again, died, set aside. Raises what `precondition` raises of the date."""
    ensure_in_custody(state, prison)
    old = present(state, date_type)
    if old is None:
        raise NoSuchDate
    precondition(old)
    gone = DateFact(
        date_type=date_type,
        date=None,
        status=old.status,
        reason=None,
        prison=prison,
        changed_at=now,
        version=_next_version(state, date_type),
        withdrawal_reason=reason,
    )
    return replace(state, dates={**state.dates, date_type: gone}, pending=False)


def moved(state: State, custody: Custody, *, released_on: date) -> State:
    """After a movement. A transfer hands the release over; a release keeps it as a fact, with the day it happened."""
    release = state.release
    if release and custody.prison:
        release = replace(release, prison=custody.prison, released_on=None)
    elif release and custody.status is CustodyStatus.RELEASED:
        release = replace(release, released_on=released_on)
    return replace(state, custody=custody, release=release)


def ends_period(state: State, custody: Custody) -> bool:
    """Whether a movement begins a new time in custody: somebody who was released is held again.

    A release that is taken back (the same time in custody goes on) ends nothing.
    """
    goes_on = state.custody is not None and state.custody.custody_id == custody.custody_id
    return bool(state.release and state.release.released_on and custody.prison and not goes_on)


def check_address(state: State, *, confirmed: bool) -> State:
    """Clears `address-unverified` for the address that the effective release has now, or keeps it."""
    chosen = effective(state.dates.values())
    key = address_key(chosen.address) if chosen else None
    if key is None or state.release is None:
        raise NoAddress
    return replace(state, release=replace(state.release, confirmed_address=key if confirmed else None))


def decide(
    state: State,
    decision: GovernorDecision,
    *,
    day: date | None,
    reason: str,
    member: str,
    now: datetime,
    holidays: Holidays,
    policy: Policy,
) -> State:
    """Records the governor's decision about the effective release. Bringing forward needs a day that the Act allows."""
    chosen = effective(state.dates.values())
    if chosen is None or chosen.date is None or state.release is None:
        raise NothingToDecide
    due = chosen.date
    if decision is GovernorDecision.BROUGHT_FORWARD:
        if day is None:
            raise DayNotAllowed("bringing a release forward needs the day", pointer="/date")
        earliest = earliest_allowed(due, holidays, policy)
        if not (earliest <= day < due and is_working_day(day, holidays)):
            raise DayNotAllowed(pointer="/date")
    elif day not in (None, due):
        raise DayNotAllowed("a release that is kept keeps its day", pointer="/date")
    made = Decision(decision, due=due, date=day or due, reason=reason, member=member, at=now)
    return replace(state, release=replace(state.release, decision=made))


def opened(state: State, *, release_id: str, prison: str, now: datetime) -> State:
    """The state with an open release: its own, or a new one."""
    if state.release:
        return state
    return replace(state, release=Release(release_id=release_id, prison=prison, opened_at=now))


def _next_version(state: State, date_type: DateType) -> int:
    fact = state.dates.get(date_type)
    return fact.version + 1 if fact else 1


def _same(fact: DateFact, said: Push) -> bool:
    return (
        fact.date == said.date
        and fact.status is said.status
        and fact.reason is said.reason
        and fact.time == said.time
        and fact.address == said.address
        and fact.reporting == said.reporting
        and fact.sentence == said.sentence
    )
