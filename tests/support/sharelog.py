"""A share log of a test's own: leaves, salts and signatures as audit makes them, with a key that the test holds."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from contracts.codes import EntryKind
from contracts.log import LogAppendedV1, LogEntry
from contracts.log_leaf import EventLeaf, Leaf, ShareLeaf, leaf_text
from contracts.log_proof import VerifierKey, content_digest, leaf_hash, sign_batch, sign_turn, verifier_key

BEGAN = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


def iso(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


@dataclass
class MadeLog:
    """Appends entries and hands out signed batches, each in the next turn. Times are one second per entry."""

    name: str = "throughgate.test/share-log"
    size: int = 0
    batches: int = 0
    private: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    @property
    def key(self) -> VerifierKey:
        return verifier_key(self.name, self.private.public_key().public_bytes_raw())

    def share(
        self,
        share_id: str,
        *,
        version: int = 1,
        content: dict[str, Any] | None = None,
        person_id: str = "person-1",
        subject_ref: str = "release-1",
        type_: str = "release.date-changed",
        **leaf: Any,
    ) -> LogEntry:
        """The next entry: a decision about a release date from the prison to probation, permitted if it has content."""
        at = BEGAN + timedelta(seconds=self.size)
        detail: dict[str, Any] = {
            "person_id": person_id,
            "subject_ref": subject_ref,
            "version": version,
            "type": type_,
            "occurred_at": iso(at),
            "content": content,
        }
        salt = f"{self.size:032x}"
        made = ShareLeaf(
            share_id=share_id,
            person="0" * 64,
            subject="1" * 64,
            version=version,
            decision="refused" if content is None else "permitted",
            policy_hash="2" * 64,
            content_digest=content_digest(salt, detail),
            decided_at=iso(at),
            recorded_at=iso(at),
            **{
                "source": "hmp-northgate",
                "source_kind": "prison",
                "recipient": "probation-north",
                "recipient_kind": "probation",
                "category": "release-date",
                "purpose": "offender-management",
                "basis": None if content is None else "statutory",
                "clause": None if content is None else "2.2",
                **leaf,
            },
        )
        return self._entry(made, EntryKind.SHARE, at, detail, salt)

    def event(self, kind: EntryKind, event: str, **facts: Any) -> LogEntry:
        """The next entry: anything but a share."""
        at = BEGAN + timedelta(seconds=self.size)
        leaf = EventLeaf(
            kind=kind, event=event, facts=facts, content_digest="3" * 64, decided_at=iso(at), recorded_at=iso(at)
        )
        return self._entry(leaf, kind, at, None, None)

    def erasure(self, *person_ids: str, subjects: tuple[str, ...] = ()) -> LogEntry:
        """The next entry: a person was erased."""
        at = BEGAN + timedelta(seconds=self.size)
        detail: dict[str, Any] = {"person_ids": list(person_ids), "subjects": list(subjects)}
        salt = f"{self.size:032x}"
        leaf = EventLeaf(
            kind=EntryKind.ERASURE,
            event="erasure.recorded.v1",
            facts={"reason": "retention-ended"},
            content_digest=content_digest(salt, detail),
            decided_at=iso(at),
            recorded_at=iso(at),
        )
        return self._entry(leaf, EntryKind.ERASURE, at, detail, salt)

    def batch(self, *entries: LogEntry) -> LogAppendedV1:
        """These entries, signed as one batch."""
        first = entries[0].index
        self.batches += 1
        signature = sign_batch(
            self.private, log=self.name, first_index=first, leaf_hashes=[entry.leaf_hash for entry in entries]
        )
        return LogAppendedV1(
            log=self.name,
            first_index=first,
            size=first + len(entries),
            entries=entries,
            key_id=self.key.key_id,
            signature=signature,
            turn_signature=sign_turn(self.private, log=self.name, version=self.batches, signature=signature),
        )

    def _entry(
        self, leaf: Leaf, kind: EntryKind, at: datetime, detail: dict[str, Any] | None, salt: str | None
    ) -> LogEntry:
        text = leaf_text(leaf)
        entry = LogEntry(
            index=self.size,
            kind=kind,
            leaf=text,
            leaf_hash=leaf_hash(text.encode()),
            detail=detail,
            salt=salt,
            at=at,
        )
        self.size += 1
        return entry


def altered(batch: LogAppendedV1, position: int, **fields: Any) -> LogAppendedV1:
    """The batch with one entry changed after it was signed."""
    entries = list(batch.entries)
    entries[position] = entries[position].model_copy(update=fields)
    return batch.model_copy(update={"entries": tuple(entries)})


__all__ = ["BEGAN", "MadeLog", "altered", "iso"]
