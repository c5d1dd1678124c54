"""What is so about a release, without the clock: it is offered again when this changes and at no other time.

Facts are plain JSON, for they are kept beside the release as what was last offered. Content adds what depends on the
day it is offered: notice and advice.
"""

from datetime import date

from contracts.codes import ChangeReason, DateType, Direction, ReleaseFlag
from contracts.event import JsonObject
from release_notify.domain import flags
from release_notify.domain.address import address_key
from release_notify.domain.day_of_release import NOTHING, Advice, Sentence, SentenceKind, advise
from release_notify.domain.effective import effective, licence_ends
from release_notify.domain.notice import Holidays, working_days
from release_notify.domain.policy import Policy
from release_notify.domain.state import DateFact, Decision, Release, State


def facts(state: State) -> JsonObject | None:
    """The facts of the open release; None while there is nothing to tell: no release date now, and none before."""
    release = state.release
    if release is None:
        return None
    chosen = effective(state.dates.values())
    if chosen is None and release.offered is None:
        return None
    ends = licence_ends(state.dates.values())
    fixed: dict[str, object] = {
        "release_date": None,
        "licence_ends": ends.isoformat() if ends else None,
        "pending": state.pending,
        "prison": release.prison,
    }
    if chosen is None or chosen.date is None:
        return _without_empty(fixed | {"reason": _withdrawn_because(state)}) | {"release_date": None}
    key = address_key(chosen.address)
    marks = flags.address_flags(
        chosen.address,
        verified=key is not None and key == release.confirmed_address,
        shared=release.address_shared,
    )
    return _without_empty(
        fixed
        | {
            "release_date": chosen.date.isoformat(),
            "time": chosen.time,
            "date_type": chosen.date_type.value,
            "status": chosen.status.value,
            "reason": chosen.reason.value if chosen.reason else None,
            "address_flags": [flag.value for flag in flags.in_order(marks)],
            "reporting": chosen.reporting,
            "sentence": _sentence(chosen.sentence),
            "decision": _decision(release.decision, chosen.date),
        }
    )


def content(found: JsonObject, *, today: date, holidays: Holidays, policy: Policy) -> JsonObject:
    """What an offer says of these facts on the day `today` (api.md, `release-date`)."""
    due = date.fromisoformat(found["release_date"]) if found["release_date"] else None
    advice = advice_on(found, today=today, holidays=holidays, policy=policy)
    said: JsonObject = {"release_date": found["release_date"]}
    said |= {name: found[name] for name in ("time", "date_type", "status", "reason") if name in found}
    said["notice_working_days"] = working_days(today, due, holidays) if due else None
    said["flags"] = [flag.value for flag in flags_on(found, today=today, holidays=holidays, policy=policy)]
    said["advised_date"] = advice.day.isoformat() if advice.day else None
    if advice.reason:
        said["advised_reason"] = advice.reason.value
    if "decision" in found:
        said["governor_decision"] = found["decision"]
    said["mandatory"] = advice.mandatory
    said |= {name: found[name] for name in ("licence_ends", "reporting", "prison") if name in found}
    return said


def flags_on(found: JsonObject, *, today: date, holidays: Holidays, policy: Policy) -> tuple[ReleaseFlag, ...]:
    marks = {ReleaseFlag(flag) for flag in found.get("address_flags", ())}
    if found.get("pending"):
        marks.add(ReleaseFlag.RECALCULATION_PENDING)
    if found["release_date"]:
        due = date.fromisoformat(found["release_date"])
        marks |= flags.day_flags(due, holidays) | flags.notice_flags(due, today, holidays, policy)
    return flags.in_order(marks)


def advice_on(found: JsonObject, *, today: date, holidays: Holidays, policy: Policy) -> Advice:
    if not found["release_date"]:
        return NOTHING
    due, kind = date.fromisoformat(found["release_date"]), DateType(found["date_type"])
    return advise(due, kind, _sentence_of(found), today=today, holidays=holidays, policy=policy)


def direction(old: date | None, new: date | None) -> Direction:
    """How a date moved. From nothing to nothing is `same`."""
    if old == new:
        return Direction.SAME
    if old is None:
        return Direction.NEW
    if new is None:
        return Direction.WITHDRAWN
    return Direction.EARLIER if new < old else Direction.LATER


def date_of(found: JsonObject | None) -> date | None:
    return date.fromisoformat(found["release_date"]) if found and found["release_date"] else None


def effective_date(release: Release) -> date | None:
    """The date that was last offered."""
    return date_of(release.offered)


def effective_address(state: State) -> str | None:
    """The key of the address that the effective release has now."""
    if all(fact.address is None for fact in state.dates.values()):
        return None
    chosen = effective(state.dates.values())
    return address_key(chosen.address) if chosen else None


def _without_empty(found: dict[str, object]) -> JsonObject:
    return {name: value for name, value in found.items() if value not in (None, [], False)}


def _withdrawn_because(state: State) -> str | None:
    """Why there is no date any more, where the newest change gave one of the published reasons."""
    newest: DateFact | None = max(state.dates.values(), key=lambda fact: fact.changed_at, default=None)
    return newest.reason.value if newest and newest.reason in set(ChangeReason) else None


def _sentence(sentence: Sentence | None) -> JsonObject | None:
    if sentence is None:
        return None
    return {
        "kind": sentence.kind.value,
        "sentenced_at": sentence.sentenced_at.isoformat(),
        "days_served": sentence.days_served,
        "under_18": sentence.under_18,
    }


def _sentence_of(found: JsonObject) -> Sentence | None:
    given = found.get("sentence")
    if not given:
        return None
    return Sentence(
        SentenceKind(given["kind"]),
        date.fromisoformat(given["sentenced_at"]),
        given["days_served"],
        given["under_18"],
    )


def _decision(decision: Decision | None, due: date) -> str | None:
    """A decision holds for the day it was about, and for the day it chose; for any other it says nothing."""
    return decision.decision.value if decision and due in (decision.due, decision.date) else None
