"""From what was read to what is answered: the leaf's codes, and the names that its detail still knows.

Invariant: no content of a share leaves here; `content` of a detail is never looked at.
"""

import base64
import csv
import io
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from audit.models import Claim
from audit.queries.entries import Found
from contracts.http.audit import AccessEntry, DisclosedShare, LoggedShare, OpenClaim, OtherEntry, ShareEntry
from contracts.log_leaf import EventLeaf, ShareLeaf, leaf_object

_TAGS = frozenset({"v", "kind", "person", "subject", "consent", "requested_by", "content_digest"})
_TIMES = frozenset({"decided_at", "recorded_at"})


def share_entry(found: Found) -> ShareEntry:
    return ShareEntry(**_share(found))


def disclosed_share(found: Found) -> DisclosedShare:
    return DisclosedShare(**_share(found), delivered_at=found.delivered_at, acknowledged_at=found.acknowledged_at)


def logged_share(found: Found) -> LoggedShare:
    return LoggedShare(
        **_share(found),
        delivered_at=found.delivered_at,
        acknowledged_at=found.acknowledged_at,
        leaf=base64.b64encode(found.leaf_text.encode()).decode(),
        leaf_hash=found.leaf_hash,
    )


def _share(found: Found) -> dict[str, Any]:
    leaf, detail = found.leaf, found.detail
    assert isinstance(leaf, ShareLeaf)
    return {
        "index": found.index,
        "share_id": leaf.share_id,
        "person_id": detail.get("person_id"),
        "source": leaf.source,
        "recipient": leaf.recipient,
        "category": leaf.category,
        "purpose": leaf.purpose,
        "subject_ref": detail.get("subject_ref"),
        "version": leaf.version,
        "decision": leaf.decision,
        "basis": leaf.basis,
        "agreement": leaf.agreement,
        "agreement_version": leaf.agreement_version,
        "clause": leaf.clause,
        "also_permitted_by": list(leaf.also_permitted_by),
        "consent_id": detail.get("consent_id"),
        "reason": leaf.reason,
        "near_misses": [asdict(miss) for miss in leaf.near_misses],
        "near_misses_cut": leaf.near_misses_cut,
        "fields_removed": list(leaf.fields_removed),
        "policy_hash": leaf.policy_hash,
        "content_digest": leaf.content_digest,
        "requested_by": detail.get("requested_by"),
        "ends": leaf.ends,
        "effect": leaf.effect,
        "decided_at": leaf.decided_at,
        "recorded_at": leaf.recorded_at,
    }


def other_entry(found: Found) -> OtherEntry:
    leaf, detail = found.leaf, found.detail
    if isinstance(leaf, EventLeaf):
        event, agency, member, facts = leaf.event, leaf.agency, detail.get("member"), leaf.facts or {}
    else:
        event, agency, member = "share.decided", leaf.source, detail.get("requested_by")
        facts = {name: value for name, value in leaf_object(leaf).items() if name not in _TAGS | _TIMES}  # type: ignore[misc]
    return OtherEntry(
        index=found.index,
        kind=leaf.kind,  # type: ignore[arg-type]  # pydantic turns the code into its enum
        event=event,
        person_id=detail.get("person_id"),
        agency=agency,
        member=member,
        facts=dict(facts),
        content_digest=leaf.content_digest,
        decided_at=leaf.decided_at,  # type: ignore[arg-type]
        recorded_at=leaf.recorded_at,  # type: ignore[arg-type]
    )


def access_entry(found: Found) -> AccessEntry:
    leaf, detail = found.leaf, found.detail
    assert isinstance(leaf, EventLeaf)
    facts: dict[str, Any] = dict(leaf.facts or {})
    return AccessEntry(
        index=found.index,
        agency=leaf.agency or "",
        member=detail.get("member"),
        person_id=detail.get("person_id"),
        route=facts["route"],
        filters=facts.get("filters", []),
        count=facts.get("count"),
        at=leaf.decided_at,  # type: ignore[arg-type]
    )


def open_claim(claim: Claim) -> OpenClaim:
    return OpenClaim(
        index=claim.log_index,
        involvement_id=claim.involvement_id,
        person_id=claim.person_id,
        agency=claim.agency,
        roles=claim.roles,
        via=claim.via,
        member=claim.member,
        since=claim.since,
    )


def as_csv(items: Sequence[DisclosedShare]) -> str:
    """RFC 4180, one line per share, a header line first; lists are joined with spaces, near misses are left out."""
    names = [name for name in DisclosedShare.model_fields if name != "near_misses"]
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(names)
    for item in items:
        row = item.model_dump(mode="json")
        writer.writerow([" ".join(row[name]) if isinstance(row[name], list) else row[name] for name in names])
    return out.getvalue()
