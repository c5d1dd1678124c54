"""An entry before it has its place in the log, and the leaf it becomes.

Invariant: what leaves here as a leaf holds no identifier in plain text; whatever names a person, a subject, a consent
or a member of staff, and every free text, goes into the detail that the leaf binds by its digest.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from contracts.codes import EntryKind
from contracts.decisions import Decision, OfferDecidedV1
from contracts.errors import Invalid
from contracts.log_leaf import MAX_LEAF_BYTES, EventLeaf, Leaf, LeafMiss, ShareLeaf, leaf_text
from contracts.log_proof import tag

Detail = dict[str, Any]
Facts = dict[str, str | int | bool | list[str]]
Keys = Mapping[str, bytes]
"""Keys of tags by `person_ref` or `member_ref`."""


class LeafTooLong(Invalid):
    """An entry does not fit into 65,535 bytes even without its near misses."""

    code = "leaf-too-long"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventDraft:
    """Anything but a share. `detail` holds what the leaf may not; person and member are put into it by `detail_of`."""

    kind: EntryKind
    entry_id: str
    event: str
    agency: str | None
    at: datetime
    person_id: str | None = None
    member: str | None = None
    facts: Facts = field(default_factory=dict)
    detail: Detail = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ShareDraft:
    """One decision about one offer."""

    offer: OfferDecidedV1
    decision: Decision

    @property
    def entry_id(self) -> str:
        return self.decision.share_id

    @property
    def person_id(self) -> str:
        return self.offer.person_id

    @property
    def member(self) -> str | None:
        return self.decision.requested_by


Draft = EventDraft | ShareDraft


def person_ref(person_id: str) -> str:
    return f"person:{person_id}"


def member_ref(member: str) -> str:
    return f"member:{member}"


def refs_of(draft: Draft) -> set[str]:
    """The keys that this draft's leaf needs."""
    refs = {person_ref(draft.person_id)} if draft.person_id else set()
    return refs | {member_ref(draft.member)} if draft.member else refs


def person_tag(person_id: str, keys: Keys) -> str:
    return tag(keys[person_ref(person_id)], "person", person_id)


def member_tag(member: str, keys: Keys) -> str:
    return tag(keys[member_ref(member)], "member", member)


def iso(instant: datetime) -> str:
    """ISO 8601 in UTC with a Z, as leaves and answers write instants."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def detail_of(draft: Draft) -> Detail:
    """What the digest covers. A share's detail always has `content`, None when refused."""
    if isinstance(draft, EventDraft):
        named = {"person_id": draft.person_id, "member": draft.member, **draft.detail}
        return {name: value for name, value in named.items() if value is not None}
    offer, decision = draft.offer, draft.decision
    detail: Detail = {
        "person_id": offer.person_id,
        "offer_id": offer.offer_id,
        "subject_ref": offer.subject_ref,
        "version": offer.version,
        "type": offer.type,
        "occurred_at": iso(offer.occurred_at),
        "content": decision.content,
        "facts": decision.facts,
    }
    optional = {
        "consent_id": decision.consent_id,
        "requested_by": decision.requested_by,
        "justification": decision.justification,
    }
    return detail | {name: value for name, value in optional.items() if value is not None}


def leaf_of(draft: Draft, *, digest: str, keys: Keys, recorded_at: str) -> tuple[Leaf, str]:
    """The leaf and its exact text. `digest` is that of `detail_of`; `keys` holds every ref of `refs_of`."""
    if isinstance(draft, EventDraft):
        event = _event_leaf(draft, digest, keys, recorded_at)
        return event, _fitting(leaf_text(event))
    return _with_misses_that_fit(_share_leaf(draft, digest, keys, recorded_at))


def _event_leaf(draft: EventDraft, digest: str, keys: Keys, recorded_at: str) -> EventLeaf:
    return EventLeaf(
        kind=draft.kind,
        event=draft.event,
        agency=draft.agency,
        person=person_tag(draft.person_id, keys) if draft.person_id else None,
        member=member_tag(draft.member, keys) if draft.member else None,
        facts=draft.facts or None,
        content_digest=digest,
        decided_at=iso(draft.at),
        recorded_at=recorded_at,
    )


def _share_leaf(draft: ShareDraft, digest: str, keys: Keys, recorded_at: str) -> ShareLeaf:
    offer, decision = draft.offer, draft.decision
    key = keys[person_ref(offer.person_id)]
    return ShareLeaf(
        share_id=decision.share_id,
        person=tag(key, "person", offer.person_id),
        source=offer.source,
        source_kind=offer.source_kind.value,
        recipient=decision.recipient,
        recipient_kind=decision.recipient_kind.value,
        category=offer.category.value,
        purpose=decision.purpose.value if decision.purpose else None,
        subject=tag(key, "subject", offer.subject_ref),
        version=offer.version,
        decision=decision.verdict.value,
        basis=decision.basis.value if decision.basis else None,
        agreement=decision.agreement,
        agreement_version=decision.agreement_version,
        clause=decision.clause,
        also_permitted_by=decision.also_permitted_by,
        consent=tag(key, "consent", decision.consent_id) if decision.consent_id else None,
        reason=decision.reason.value if decision.reason else None,
        near_misses=tuple(
            LeafMiss(clause=m.clause, condition=m.condition, wanted=m.wanted, was=m.was, reason=m.reason.value)
            for m in decision.near_misses
        ),
        fields_removed=decision.fields_removed,
        policy_hash=decision.policy_hash,
        subject_to=decision.subject_to,
        requested_by=member_tag(decision.requested_by, keys) if decision.requested_by else None,
        expires_at=iso(decision.expires_at) if decision.expires_at else None,
        review_due_at=iso(decision.review_due_at) if decision.review_due_at else None,
        ends=decision.ends,
        effect=decision.effect.value if decision.effect else None,
        source_sees_recipient=decision.source_sees_recipient,
        content_digest=digest,
        decided_at=iso(decision.decided_at),
        recorded_at=recorded_at,
    )


def _with_misses_that_fit(leaf: ShareLeaf) -> tuple[ShareLeaf, str]:
    """The leaf with its first near misses, halved until it fits, and the number of those left out."""
    text, total = leaf_text(leaf), len(leaf.near_misses)
    while leaf.near_misses and len(text.encode()) > MAX_LEAF_BYTES:
        kept = leaf.near_misses[: len(leaf.near_misses) // 2]
        leaf = replace(leaf, near_misses=kept, near_misses_cut=total - len(kept))
        text = leaf_text(leaf)
    return leaf, _fitting(text)


def _fitting(text: str) -> str:
    if len(text) > MAX_LEAF_BYTES // 4 and len(text.encode()) > MAX_LEAF_BYTES:
        raise LeafTooLong
    return text
