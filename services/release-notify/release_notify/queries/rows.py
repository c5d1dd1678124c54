"""Rows become values and values become rows; nothing else knows how either is written."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import RowMapping

from contracts.codes import ChangeReason, CustodyStatus, DateStatus, DateType, GovernorDecision
from contracts.event import JsonObject
from release_notify.calendar import england_and_wales
from release_notify.domain import facts
from release_notify.domain.address import Address, AddressKind
from release_notify.domain.day_of_release import Sentence, SentenceKind
from release_notify.domain.facts import effective_address, effective_date
from release_notify.domain.flags import day_flags, in_order
from release_notify.domain.state import Custody, DateFact, Decision, Release, State

Row = RowMapping | Mapping[str, Any]


def custody_of(row: Row) -> Custody:
    return Custody(row["custody_id"], CustodyStatus(row["status"]), row["prison"], row["occurred_at"])


def release_of(row: Row) -> Release:
    return Release(
        release_id=row["release_id"],
        prison=row["prison"],
        opened_at=row["opened_at"],
        version=row["version"],
        offered=row["offered"],
        released_on=row["released_on"],
        confirmed_address=row["confirmed_address"],
        address_shared=row["address_shared"],
        decision=_decision_of(row["decision"]),
        plan={name: date.fromisoformat(due) for name, due in row["plan"].items()},
        fired=frozenset(row["fired"]),
    )


def release_row(release: Release, state: State) -> dict[str, Any]:
    """The columns of a release that change; `state` is the person's whose own release it is."""
    offered = release.offered
    return {
        "release_id": release.release_id,
        "person_id": state.person_id,
        "recorded_person_id": state.person_id,
        "prison": release.prison,
        "opened_at": release.opened_at.isoformat(),
        "closed_at": None,
        "ended_by": None,
        "version": release.version,
        "offered": offered,
        "effective_on": _iso(effective_date(release)),
        "flags": _lasting_flags(offered),
        "address_key": effective_address(state),
        "address_shared": release.address_shared,
        "confirmed_address": release.confirmed_address,
        "released_on": _iso(release.released_on),
        "decision": _decision_json(release.decision),
        "plan": {name: due.isoformat() for name, due in release.plan.items()},
        "fired": sorted(release.fired),
        "next_milestone_on": _iso(min(release.plan.values(), default=None)),
    }


def _lasting_flags(offered: JsonObject | None) -> list[str]:
    """The flags that the passing of time does not change."""
    due = facts.date_of(offered)
    calendar = [flag.value for flag in in_order(day_flags(due, england_and_wales))] if due else []
    return [*calendar, *(offered or {}).get("address_flags", [])]


def date_of(row: Row) -> DateFact:
    return DateFact(
        date_type=DateType(row["date_type"]),
        date=row["due_on"],
        status=DateStatus(row["status"]),
        reason=ChangeReason(row["reason"]) if row["reason"] else None,
        prison=row["prison"],
        changed_at=row["changed_at"],
        version=row["version"],
        time=row["due_time"],
        address=_address_of(row["address"]),
        reporting=row["reporting"],
        sentence=_sentence_of(row["sentence"]),
        withdrawal_reason=row["withdrawal_reason"],
    )


def date_row(release_id: str, fact: DateFact) -> dict[str, Any]:
    return {
        "release_id": release_id,
        "date_type": fact.date_type.value,
        "due_on": _iso(fact.date),
        "due_time": fact.time,
        "status": fact.status.value,
        "reason": fact.reason.value if fact.reason else None,
        "prison": fact.prison,
        "changed_at": fact.changed_at.isoformat(),
        "version": fact.version,
        "address": address_json(fact.address),
        "reporting": fact.reporting,
        "sentence": sentence_json(fact.sentence),
        "withdrawal_reason": fact.withdrawal_reason,
    }


def address_json(address: Address | None) -> JsonObject | None:
    if address is None:
        return None
    return {"kind": address.kind.value, "lines": list(address.lines), "postcode": address.postcode}


def sentence_json(sentence: Sentence | None) -> JsonObject | None:
    if sentence is None:
        return None
    return {
        "kind": sentence.kind.value,
        "sentenced_at": sentence.sentenced_at.isoformat(),
        "days_served": sentence.days_served,
        "under_18": sentence.under_18,
    }


def _address_of(found: JsonObject | None) -> Address | None:
    return Address(AddressKind(found["kind"]), tuple(found["lines"]), found["postcode"]) if found else None


def _sentence_of(found: JsonObject | None) -> Sentence | None:
    if not found:
        return None
    sentenced_at = date.fromisoformat(found["sentenced_at"])
    return Sentence(SentenceKind(found["kind"]), sentenced_at, found["days_served"], found["under_18"])


def _decision_of(found: JsonObject | None) -> Decision | None:
    if not found:
        return None
    return Decision(
        decision=GovernorDecision(found["decision"]),
        due=date.fromisoformat(found["due"]),
        date=date.fromisoformat(found["date"]),
        reason=found["reason"],
        member=found["member"],
        at=datetime.fromisoformat(found["at"]),
    )


def _decision_json(decision: Decision | None) -> JsonObject | None:
    if decision is None:
        return None
    return {
        "decision": decision.decision.value,
        "due": decision.due.isoformat(),
        "date": decision.date.isoformat(),
        "reason": decision.reason,
        "member": decision.member,
        "at": decision.at.isoformat(),
    }


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
