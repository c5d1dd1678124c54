"""Every event that enters the log, and the entries it becomes: a table that a reviewer sees whole.

Invariant: one event becomes the same entries however often it arrives, and every type that audit subscribes to is
either in DRAFTS or says in UNLOGGED why it is not an entry. Facts are codes and instants; the rest is detail.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from audit.domain.drafts import Draft, EventDraft, Facts, ShareDraft, iso
from contracts.access import AccessRecordedV1, DeliveryRecordedV1
from contracts.caseload import PersonMergedV1, PersonUnmergedV1
from contracts.codes import Category, EntryKind
from contracts.consent import (
    AgencySuspendedV1,
    AgreementPublishedV1,
    ConsentRecordedV1,
    ConsentWithdrawnV1,
    EmergencyRequestedV1,
    ErasureRecordedV1,
    InvolvementNotedV1,
    ObjectionRecordedV1,
    Recipient,
    ReviewRecordedV1,
)
from contracts.decisions import OfferDecidedV1
from contracts.event import EventData

EVERYTHING = ["*"]
"""How a leaf writes a scope that has no limit."""


def drafts_of(event_id: str, event: EventData) -> Sequence[Draft]:
    """The entries of one event, in order; none for a type that is not logged."""
    make = DRAFTS.get(type(event))
    return make(event_id, event) if make else ()


def auditor_read(
    *, entry_id: str, agency: str, member: str | None, route: str, filters: Mapping[str, str], count: int, at: datetime
) -> EventDraft:
    """One look that an auditor took: who, what filters, how many. Opaque ids stand by their name alone in the leaf."""
    shown = [name if name in OPAQUE_FILTERS else f"{name}={value}" for name, value in sorted(filters.items())]
    facts: Facts = {"route": route, "filters": shown, "count": count}
    return EventDraft(
        kind=EntryKind.READ,
        entry_id=entry_id,
        event="auditor.read",
        agency=agency,
        at=at,
        person_id=filters.get("person_id"),
        member=member,
        facts=facts,
        detail={"filters": dict(filters)},
    )


OPAQUE_FILTERS = frozenset({"person_id", "subject_ref", "member", "share_id"})


def _shares(_event_id: str, event: OfferDecidedV1) -> Sequence[Draft]:
    return [ShareDraft(event, decision) for decision in event.decisions]


def _consent(event_id: str, event: ConsentRecordedV1) -> Sequence[Draft]:
    facts: Facts = {
        "decision": event.decision,
        **_scope(event.categories, event.recipients),
        "purposes": [purpose.value for purpose in event.purposes],
        "given_at": iso(event.given_at),
        "valid_from": iso(event.valid_from),
        "valid_until": iso(event.valid_until),
        "how": event.how,
        "flagged": list(event.flagged),
    }
    detail = {"consent_id": event.consent_id, "supersedes": list(event.supersedes)}
    return [_entry(EntryKind.CONSENT, event_id, event, event.recorded_by, facts, detail)]


def _withdrawal(event_id: str, event: ConsentWithdrawnV1) -> Sequence[Draft]:
    facts = {**_scope(event.categories, event.recipients), "shares_ended": event.shares_ended}
    detail = {"withdrawal_id": event.withdrawal_id, "consent_id": event.consent_id}
    return [_entry(EntryKind.WITHDRAWAL, event_id, event, event.recorded_by, facts, detail)]


def _objection(event_id: str, event: ObjectionRecordedV1) -> Sequence[Draft]:
    facts = {
        **_scope(event.categories, event.recipients),
        "purposes": [purpose.value for purpose in event.purposes],
    }
    detail = {"objection_id": event.objection_id}
    return [_entry(EntryKind.OBJECTION, event_id, event, event.recorded_by, facts, detail)]


def _claim(event_id: str, event: InvolvementNotedV1) -> Sequence[Draft]:
    facts: Facts = {
        "state": event.state.value,
        "roles": list(event.roles),
        "via": event.via,
        "since": iso(event.since),
    }
    if event.confirmed_by:
        facts["confirmed_by"] = event.confirmed_by
    detail = {"involvement_id": event.involvement_id}
    return [_entry(EntryKind.CLAIM, event_id, event, event.agency, facts, detail)]


def _agreement(event_id: str, event: AgreementPublishedV1) -> Sequence[Draft]:
    facts: Facts = {
        "agreement": event.agreement_id,
        "version": event.version,
        "document_hash": event.document_hash,
        "policy_hash": event.policy_hash,
        "policy_version": event.policy_version,
    }
    return [_entry(EntryKind.AGREEMENT, event_id, event, event.published_by, facts)]


def _suspension(event_id: str, event: AgencySuspendedV1) -> Sequence[Draft]:
    facts: Facts = {"suspends": event.agency_id, "suspended": event.suspended}
    return [_entry(EntryKind.SUSPENSION, event_id, event, event.by, facts, {"reason": event.reason})]


def _emergency(event_id: str, event: EmergencyRequestedV1) -> Sequence[Draft]:
    facts: Facts = {
        "category": event.category.value,
        "expires_at": iso(event.expires_at),
        "review_due_at": iso(event.review_due_at),
    }
    if event.source:
        facts["source"] = event.source
    detail = {"request_id": event.request_id, "justification": event.justification}
    return [_entry(EntryKind.EMERGENCY, event_id, event, event.agency, facts, detail)]


def _review(event_id: str, event: ReviewRecordedV1) -> Sequence[Draft]:
    facts: Facts = {
        "share_id": event.share_id,
        "source": event.source,
        "recipient": event.recipient,
        "category": event.category.value,
        "outcome": event.outcome,
    }
    detail = {"review_id": event.review_id, "comment": event.comment}
    return [_entry(EntryKind.REVIEW, event_id, event, event.reviewed_by, facts, detail)]


def _read(event_id: str, event: AccessRecordedV1) -> Sequence[Draft]:
    facts: Facts = {"route": event.route}
    if event.count is not None:
        facts["count"] = event.count
    return [_entry(EntryKind.READ, event_id, event, event.agency, facts, {"access_id": event.access_id})]


def _taken_in(event_id: str, event: DeliveryRecordedV1) -> Sequence[Draft]:
    shares = [delivery.share_id for delivery in event.deliveries if delivery.acknowledged_at]
    if not shares:
        return ()
    facts: Facts = {"route": "acknowledgement", "count": len(shares)}
    return [_entry(EntryKind.READ, event_id, event, event.agency, facts, {"shares": shares})]


def _merge(event_id: str, event: PersonMergedV1 | PersonUnmergedV1) -> Sequence[Draft]:
    return [
        EventDraft(
            kind=EntryKind.MERGE,
            entry_id=event_id,
            event=event.TYPE,
            agency=None,
            at=event.at,
            person_id=event.kept_id,
            detail={"merge_id": event.merge_id, "removed_id": event.removed_id},
        )
    ]


def _erasure(event_id: str, event: ErasureRecordedV1) -> Sequence[Draft]:
    """That somebody was erased, why and by whom. The leaf has no tag of the person: it would tell whose the others are.

    The detail names bare ids for gateways to forget, also for one that is filled again from an older copy.
    """
    return [
        EventDraft(
            kind=EntryKind.ERASURE,
            entry_id=event_id,
            event=event.TYPE,
            agency=event.by,
            at=event.at,
            member=event.member,
            facts={"reason": event.reason.value},
            detail={"person_ids": list(event.person_ids), "subjects": list(event.subjects)},
        )
    ]


def _entry(
    kind: EntryKind, event_id: str, event: Any, agency: str, facts: Facts, detail: dict[str, Any] | None = None
) -> EventDraft:
    return EventDraft(
        kind=kind,
        entry_id=event_id,
        event=event.TYPE,
        agency=agency,
        at=event.at,
        person_id=getattr(event, "person_id", None),
        member=getattr(event, "member", None),
        facts={name: value for name, value in facts.items() if value != []},
        detail=detail or {},
    )


def _scope(categories: Sequence[Category] | None, recipients: Sequence[Recipient] | None) -> Facts:
    return {
        "categories": EVERYTHING if categories is None else [category.value for category in categories],
        "recipients": EVERYTHING if recipients is None else [_recipient(recipient) for recipient in recipients],
    }


def _recipient(recipient: Recipient) -> str:
    return f"agency:{recipient.agency}" if recipient.agency else f"kind:{recipient.kind}"


DRAFTS: Mapping[type[EventData], Callable[[str, Any], Sequence[Draft]]] = {
    OfferDecidedV1: _shares,
    ConsentRecordedV1: _consent,
    ConsentWithdrawnV1: _withdrawal,
    ObjectionRecordedV1: _objection,
    InvolvementNotedV1: _claim,
    AgreementPublishedV1: _agreement,
    AgencySuspendedV1: _suspension,
    EmergencyRequestedV1: _emergency,
    ReviewRecordedV1: _review,
    ErasureRecordedV1: _erasure,
    AccessRecordedV1: _read,
    DeliveryRecordedV1: _taken_in,
    PersonMergedV1: _merge,
    PersonUnmergedV1: _merge,
}

UNLOGGED: Mapping[str, str] = {
    "person.erased.v1": "logged when consent has erased and decides no more, as erasure.recorded.v1",
    "agency.registered.v1": "the register of agencies is not about a person and decides nothing by itself",
    "involvement.changed.v1": "logged when decisions see it, as involvement.noted.v1",
    "custody.changed.v1": "a fact of its owner; what is shared of it is logged as a share",
    "mappa.changed.v1": "a fact of its owner; decisions that rest on it name it",
}
"""Types on the topics audit reads that are no entries, each with the reason."""
