"""From a message of `share-log` to what may be believed of it.

Invariant: nothing is believed that the log's key did not sign. A bad signature hides the batch, a bad leaf or digest
hides that entry alone; each leaves a `Doubt` that raises an alarm, and everyone else's entries go on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from contracts.codes import Basis, Category, Effect, Verdict
from contracts.log import LogAppendedV1, LogEntry
from contracts.log_leaf import EventLeaf, MalformedLeaf, ShareLeaf, read_leaf
from contracts.log_proof import VerifierKey, batch_holds, detail_holds, leaf_holds, turn_holds
from gateway.domain.shares import Detail, Erased, NotJustified, Place, Proven, Share

REVIEW = "review.recorded.v1"
ERASURE = "erasure.recorded.v1"
_ERASES = f'"event":"{ERASURE}"'


@dataclass(frozen=True, slots=True)
class Doubt:
    """An entry that is not shown, or not wholly, and why (a code)."""

    index: int
    why: str


@dataclass(frozen=True, slots=True)
class Believed:
    """What of a batch may be acted on, in log order, and what may not."""

    proven: tuple[Proven, ...]
    doubts: tuple[Doubt, ...]


def believe(batch: LogAppendedV1, *, key: VerifierKey) -> Believed:
    """Check one batch against the key of its log."""
    indexes = range(batch.first_index, batch.first_index + len(batch.entries))
    if not is_signed(batch, key=key):
        return Believed((), tuple(Doubt(index, "signature") for index in indexes))
    proven: list[Proven] = []
    doubts: list[Doubt] = []
    for index, entry in zip(indexes, batch.entries, strict=True):
        found, why = _entry(entry, log=batch.log, index=index)
        if found is not None:
            proven.append(found)
        if why is not None:
            doubts.append(Doubt(index, why))
    return Believed(tuple(proven), tuple(doubts))


def is_signed(batch: LogAppendedV1, *, key: VerifierKey) -> bool:
    """Whether the log's key signed these leaf hashes at this place."""
    return batch_holds(
        key,
        log=batch.log,
        first_index=batch.first_index,
        leaf_hashes=[entry.leaf_hash for entry in batch.entries],
        key_id=batch.key_id,
        signature=batch.signature,
    )


def has_turn(batch: LogAppendedV1, *, version: int, key: VerifierKey) -> bool:
    """Whether the log's key gave the batch that turn: a true batch sent in another is as good as a forged one."""
    return batch.turn_signature is not None and turn_holds(
        key, log=batch.log, version=version, signature=batch.signature, turn_signature=batch.turn_signature
    )


def erases_as_signed(batch: LogAppendedV1) -> bool:
    """Whether every erasure in a batch names whom it was signed for. Audit sends none without; details of shares may be
    missing, because somebody was erased."""
    entries = enumerate(batch.entries, batch.first_index)
    return all(
        _entry(entry, log=batch.log, index=index)[1] is None for index, entry in entries if _ERASES in entry.leaf
    )


def _entry(entry: LogEntry, *, log: str, index: int) -> tuple[Proven | None, str | None]:
    """What the entry says, and what is wrong with it. The index is its signed place, not what the entry claims."""
    if not leaf_holds(entry.leaf, entry.leaf_hash):
        return None, "leaf-hash"
    try:
        leaf = read_leaf(entry.leaf)
        place = Place(log=log, index=index, leaf_hash=entry.leaf_hash, at=_instant(leaf.recorded_at))
        if isinstance(leaf, EventLeaf):
            return _erased(leaf, entry, place) if leaf.event == ERASURE else (_review(leaf, place), None)
        return _share(leaf, entry, place)
    except (MalformedLeaf, ValueError, KeyError):
        return None, "shape"


def _share(leaf: ShareLeaf, entry: LogEntry, place: Place) -> tuple[Share, str | None]:
    detail, why = _detail(leaf, entry)
    share = Share(
        place=place,
        share_id=leaf.share_id,
        source=leaf.source,
        source_kind=leaf.source_kind,
        recipient=leaf.recipient,
        recipient_kind=leaf.recipient_kind,
        category=Category(leaf.category),
        version=leaf.version,
        permitted=Verdict(leaf.decision) is Verdict.PERMITTED,
        purpose=leaf.purpose,
        basis=Basis(leaf.basis) if leaf.basis else None,
        clause=leaf.clause,
        reason=leaf.reason,
        ends=leaf.ends,
        effect=Effect(leaf.effect) if leaf.effect else None,
        source_sees_recipient=leaf.source_sees_recipient,
        review_due_at=leaf.review_due_at,
        detail=detail,
    )
    return share, why


def _detail(leaf: ShareLeaf, entry: LogEntry) -> tuple[Detail | None, str | None]:
    """The detail if it is the one that was signed. A refusal without its (erased) detail is no fault."""
    if entry.detail is None or entry.salt is None:
        return None, "content-missing" if leaf.decision == Verdict.PERMITTED else None
    if not detail_holds(leaf.content_digest, entry.salt, entry.detail):
        return None, "digest"
    found = entry.detail
    values: Sequence[object] = [found.get("person_id"), found.get("subject_ref"), found.get("type")]
    content = found.get("content")
    if not all(isinstance(value, str) and value for value in values) or not isinstance(content, dict | None):
        return None, "shape"
    if leaf.decision == Verdict.PERMITTED and content is None:
        return None, "shape"
    person_id, subject_ref, type_ = map(str, values)
    return Detail(
        person_id=person_id,
        subject_ref=subject_ref,
        type=type_,
        content=content,
        occurred_at=str(found["occurred_at"]) if found.get("occurred_at") else None,
    ), None


def _review(leaf: EventLeaf, place: Place) -> NotJustified | None:
    facts = leaf.facts or {}
    if leaf.event != REVIEW or facts.get("outcome") != "not-justified":
        return None
    return NotJustified(
        place=place,
        share_id=str(facts["share_id"]),
        source=str(facts["source"]),
        recipient=str(facts["recipient"]),
    )


def _erased(leaf: EventLeaf, entry: LogEntry, place: Place) -> tuple[Erased | None, str | None]:
    """Whom to forget stands in the detail, which the leaf binds as it does a share's."""
    if entry.detail is None or entry.salt is None:
        return None, "content-missing"
    if not detail_holds(leaf.content_digest, entry.salt, entry.detail):
        return None, "digest"
    ids, subjects = entry.detail["person_ids"], entry.detail["subjects"]
    if not all(isinstance(each, str) and each for each in (*ids, *subjects)):
        return None, "shape"
    return Erased(place=place, person_ids=tuple(ids), subjects=tuple(subjects)), None


def _instant(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise MalformedLeaf("an instant carries its offset")
    return found.astimezone(UTC)
