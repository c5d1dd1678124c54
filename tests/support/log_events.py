"""Made-up events for the share log: one offer with its decisions, an involvement, a delivery, and their turn."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from chassis.consumer import Received
from chassis.ids import new_id
from contracts.codes import AgencyKind, Basis, Category, Purpose, Reason, Verdict
from contracts.decisions import Decision, NearMiss, OfferDecidedV1
from contracts.event import EventData

AT = datetime(2026, 11, 2, 10, 14, tzinfo=UTC)
POLICY = "ab" * 32


def permitted(recipient: str = "police-north", **change: Any) -> Decision:
    values: dict[str, Any] = {
        "share_id": new_id(),
        "recipient": recipient,
        "recipient_kind": AgencyKind.POLICE,
        "purpose": Purpose.OFFENDER_MANAGEMENT,
        "verdict": Verdict.PERMITTED,
        "basis": Basis.STATUTORY,
        "agreement": "north-isa",
        "agreement_version": "1.0.0",
        "clause": "2.1",
        "fields_removed": ("pnc",),
        "policy_hash": POLICY,
        "facts": {"involvement": "3"},
        "content": {"release_date": "2026-12-04", "flags": ["friday-release"], "notice_working_days": 24},
        "source_sees_recipient": True,
        "decided_at": AT,
    }
    return Decision(**values | change)


def refused(recipient: str = "charity-newstart", **change: Any) -> Decision:
    miss = NearMiss(
        clause="3.1", condition="consent.state", wanted="in-force", was="none", reason=Reason.CONSENT_MISSING
    )
    values: dict[str, Any] = {
        "share_id": new_id(),
        "recipient": recipient,
        "recipient_kind": AgencyKind.PROVIDER,
        "purpose": None,
        "verdict": Verdict.REFUSED,
        "basis": None,
        "agreement": None,
        "agreement_version": None,
        "clause": None,
        "reason": Reason.CONSENT_MISSING,
        "near_misses": (miss,),
        "policy_hash": POLICY,
        "decided_at": AT,
    }
    return Decision(**values | change)


def decided(*decisions: Decision, **change: Any) -> OfferDecidedV1:
    values: dict[str, Any] = {
        "person_id": new_id(),
        "offer_id": new_id(),
        "source": "hmp-northgate",
        "source_kind": AgencyKind.PRISON,
        "category": Category.RELEASE_DATE,
        "subject_ref": new_id(),
        "version": 1,
        "type": "release.date-changed",
        "occurred_at": AT,
        "decisions": decisions,
        "at": AT,
    }
    return OfferDecidedV1(**values | change)


def received(events: Sequence[EventData]) -> list[Received[EventData]]:
    """The events as a consumer hands them on."""
    return [
        Received(id=new_id(), topic=event.TOPIC, key=event.key, version=1, time=AT, traceparent=None, data=event)
        for event in events
    ]
