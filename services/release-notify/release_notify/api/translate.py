"""HTTP bodies to values and back."""

from datetime import date, datetime
from typing import Any

from contracts.codes import DateType
from contracts.http.release import (
    EffectiveRelease,
    ReleaseAddress,
    ReleaseAnswer,
    ReleaseDateAnswer,
    ReleaseDateBody,
    SentenceBody,
)
from release_notify.calendar import england_and_wales, today
from release_notify.domain.address import Address, AddressKind
from release_notify.domain.changes import Push
from release_notify.domain.day_of_release import Sentence, SentenceKind
from release_notify.domain.effective import effective
from release_notify.domain.facts import content
from release_notify.domain.policy import DEFAULT
from release_notify.domain.state import DateFact, Release, State


def push_of(date_type: DateType, body: ReleaseDateBody) -> Push:
    return Push(
        date_type=date_type,
        date=body.date,
        status=body.status,
        reason=body.reason,
        time=body.time,
        address=_address(body.release_address),
        reporting=body.reporting,
        sentence=_sentence(body.sentence),
        sequence=body.sequence,
    )


def version_of(fact: DateFact | None) -> str | None:
    """What the ETag of a date says: its version, and when, for a number may come again under another release."""
    return f"{fact.version}-{round(fact.changed_at.timestamp() * 1_000_000):x}" if fact and fact.date else None


def release_answer(state: State, now: datetime) -> dict[str, Any]:
    """The fields of ReleaseAnswer, with notice and advice as of today."""
    release = state.release
    assert release is not None
    said = _said(release, now)
    chosen = _effective(state)
    return {
        "release_id": release.release_id,
        "person_id": state.person_id,
        "version": release.version,
        "release_date": chosen.release_date if chosen else None,
        "date_type": chosen.date_type if chosen else None,
        "status": chosen.status if chosen else None,
        "effective": chosen,
        "flags": said.get("flags", []),
        "notice_working_days": said.get("notice_working_days"),
        "advised_date": said.get("advised_date"),
        "advised_reason": said.get("advised_reason"),
        "mandatory": said.get("mandatory", False),
        "governor_decision": said.get("governor_decision"),
        "licence_ends": said.get("licence_ends"),
        "released_on": release.released_on,
        "prison": release.prison,
    }


def answered(state: State, now: datetime) -> ReleaseAnswer:
    return ReleaseAnswer.model_validate(release_answer(state, now))


def date_answer(fact: DateFact) -> ReleaseDateAnswer:
    assert fact.date is not None
    return ReleaseDateAnswer(
        date_type=fact.date_type,
        date=fact.date,
        status=fact.status,
        reason=fact.reason,
        time=fact.time,
        release_address=_address_body(fact.address),
        reporting=fact.reporting,
        sentence=_sentence_body(fact.sentence),
        prison=fact.prison,
        changed_at=fact.changed_at,
    )


def _said(release: Release, now: datetime) -> dict[str, Any]:
    if release.offered is None:
        return {}
    return content(release.offered, today=today(now), holidays=england_and_wales, policy=DEFAULT)


def _effective(state: State) -> EffectiveRelease | None:
    fact = effective(state.dates.values())
    if fact is None or fact.date is None:
        return None
    return EffectiveRelease(
        release_date=fact.date,
        date_type=fact.date_type,
        status=fact.status,
        reason=fact.reason,
        time=fact.time,
        release_address=_address_body(fact.address),
        reporting=fact.reporting,
    )


def _address(body: ReleaseAddress | None) -> Address | None:
    return Address(AddressKind(body.kind), tuple(body.lines or ()), body.postcode or None) if body else None


def _address_body(address: Address | None) -> ReleaseAddress | None:
    if address is None:
        return None
    return ReleaseAddress(kind=address.kind.value, lines=list(address.lines) or None, postcode=address.postcode)


def _sentence(body: SentenceBody | None) -> Sentence | None:
    if body is None:
        return None
    return Sentence(SentenceKind(body.kind), body.sentenced_at, body.days_served, under_18=bool(body.under_18))


def _sentence_body(sentence: Sentence | None) -> SentenceBody | None:
    if sentence is None:
        return None
    return SentenceBody(
        kind=sentence.kind.value,
        sentenced_at=sentence.sentenced_at,
        days_served=sentence.days_served,
        under_18=sentence.under_18 or None,
    )


def monday_of(day: date) -> date:
    """The Monday of the week that `day` is in."""
    return date.fromordinal(day.toordinal() - day.weekday())
