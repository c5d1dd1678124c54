"""The leaves of the share log: what one signed entry says, as everyone who verifies it reads it.

Invariant: a leaf holds no content, no free text and no plaintext identifier of a person, subject, consent or member of
staff. Those are tags (HMAC-SHA-256 under an erasable key, contracts.log_proof.tag) or stand in the erasable detail that
`content_digest` binds. Agencies, share ids, codes and instants are plain. Absent means the default.
"""

import json
from dataclasses import MISSING, dataclass, fields

from pydantic import TypeAdapter, ValidationError

from contracts.errors import Invalid
from contracts.log_proof import canonical

MAX_LEAF_BYTES = 65_535
"""C2SP tlog-tiles: an entry's length is 16 bits."""


class MalformedLeaf(Invalid):
    """An entry of the share log does not have the shape of a leaf."""

    code = "malformed-leaf"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeafMiss:
    """A clause that might have permitted, and the condition that failed."""

    clause: str
    condition: str
    wanted: str
    was: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareLeaf:
    """One decision about one share. `person`, `subject`, `consent` and `requested_by` are tags."""

    v: int = 1
    kind: str = "share"
    share_id: str
    person: str
    source: str
    source_kind: str
    recipient: str
    recipient_kind: str
    category: str
    purpose: str | None = None
    subject: str
    version: int
    decision: str
    basis: str | None = None
    agreement: str | None = None
    agreement_version: str | None = None
    clause: str | None = None
    also_permitted_by: tuple[str, ...] = ()
    consent: str | None = None
    reason: str | None = None
    near_misses: tuple[LeafMiss, ...] = ()
    near_misses_cut: int = 0
    """How many near misses did not fit into the leaf."""
    fields_removed: tuple[str, ...] = ()
    policy_hash: str
    subject_to: str | None = None
    requested_by: str | None = None
    expires_at: str | None = None
    review_due_at: str | None = None
    ends: str | None = None
    """The share id that this decision ends, and `effect` what that does to what was shown."""
    effect: str | None = None
    source_sees_recipient: bool = False
    content_digest: str
    decided_at: str
    recorded_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EventLeaf:
    """Anything else: a consent, a withdrawal, an agreement, a claim, a read …; `event` is the type it came as.

    `agency` did it, if one did; `facts` holds codes and instants only; `person` and `member` are tags.
    """

    v: int = 1
    kind: str
    event: str
    agency: str | None = None
    person: str | None = None
    member: str | None = None
    facts: dict[str, str | int | bool | list[str]] | None = None
    content_digest: str
    decided_at: str
    recorded_at: str


Leaf = ShareLeaf | EventLeaf


def leaf_object(leaf: Leaf | LeafMiss) -> dict[str, object]:
    """The leaf as a JSON object without the members that have their default."""
    found: dict[str, object] = {}
    for name, default in _DEFAULTS[type(leaf)]:
        value = getattr(leaf, name)
        if value == default:
            continue
        if type(value) is tuple:
            found[name] = [leaf_object(item) if type(item) is LeafMiss else item for item in value]
        else:
            found[name] = value
    return found


def leaf_text(leaf: Leaf) -> str:
    """The leaf's exact text, RFC 8785; its UTF-8 bytes are what is hashed."""
    return canonical(leaf_object(leaf)).decode()


def read_leaf(text: str) -> Leaf:
    """The leaf of its text. Raises MalformedLeaf; members this version does not know are passed over."""
    try:
        found = json.loads(text)
        if found["v"] != 1:
            raise MalformedLeaf("the leaf has a version that is not known here")
        return _SHARE.validate_python(found) if found["kind"] == "share" else _EVENT.validate_python(found)
    except (ValueError, KeyError, TypeError, ValidationError) as error:
        raise MalformedLeaf("the leaf does not have the shape of one") from error


def _names_and_defaults(kind: type[Leaf | LeafMiss]) -> tuple[tuple[str, object], ...]:
    return tuple((f.name, MISSING if f.name in {"v", "kind"} else f.default) for f in fields(kind))


_DEFAULTS = {kind: _names_and_defaults(kind) for kind in (ShareLeaf, EventLeaf, LeafMiss)}
_SHARE = TypeAdapter(ShareLeaf)
_EVENT = TypeAdapter(EventLeaf)
