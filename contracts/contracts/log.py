"""The share log on the wire: appended batches (with content) for gateways, receipts (without) for owners."""

from typing import ClassVar

from contracts.codes import Category, EntryKind
from contracts.event import MIB, EventData, Instant, JsonObject, Part
from contracts.topics import Topic


class LogEntry(Part):
    """One entry: the leaf's exact bytes as text, its RFC 6962 leaf hash, and what a gateway needs to show it.

    `detail` and `salt` are set for shares: the leaf's `content_digest` is SHA-256(salt ‖ canonical(detail)), so that
    signature, leaf hash and digest together bind person and content. They are absent once erased. An erasure's detail
    names the ids that are to be forgotten.
    """

    index: int
    kind: EntryKind
    leaf: str
    leaf_hash: str
    detail: JsonObject | None = None
    salt: str | None = None
    source_sees_recipient: bool = False
    at: Instant


class LogAppendedV1(EventData):
    """One batch as audit appended it, signed once (Ed25519 over contracts.log_proof.signing_bytes), and once more with
    its stream version (turn_bytes): a gateway takes it in that turn and in no other."""

    TYPE: ClassVar = "log.appended.v1"
    TOPIC: ClassVar = Topic.SHARE_LOG
    KEY: ClassVar = "log"
    MAX_BYTES: ClassVar = 15 * MIB

    log: str
    first_index: int
    size: int
    """Entries in the log after this batch."""
    entries: tuple[LogEntry, ...]
    key_id: str
    signature: str
    turn_signature: str | None = None
    """Set in all that is sent now; a batch of before has its own from the log's next replay on."""


class ShareReceiptedV1(EventData):
    """Everything decided about one offer is in the log; without content, to the offer's owner."""

    TYPE: ClassVar = "share.receipted.v1"
    TOPIC: ClassVar = Topic.SHARE_RECEIPTS

    person_id: str
    offer_id: str
    source: str
    category: Category
    subject_ref: str
    version: int
    permitted: int
    refused: int
    index: int | None
    """Index of the first entry, None when nothing new was decided."""
    permitted_to: tuple[str, ...] = ()
    """Who may now see it. For services alone: an owner gives no agency's name away that a clause keeps."""
    refused_to: tuple[str, ...] = ()
    """Who may not, those whose share has ended among them."""
    at: Instant


EVENTS = (LogAppendedV1, ShareReceiptedV1)
