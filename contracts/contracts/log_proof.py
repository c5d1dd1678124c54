"""What makes an entry of the share log checkable by anyone who holds the public key and nothing else.

Invariant: pure functions over plain values. Audit writes with them, the projector and every offline verifier read with
them, so a share that one side would sign is exactly a share that the other side would show.

The chain of trust, from the outside in:

    turn       ─▶  turn_bytes(log, version, signature)              the batch's number in the stream of the log
    signature  ─▶  signing_bytes(log, first_index, leaf hashes)   one Ed25519 signature per appended batch
    leaf hash  ─▶  SHA-256(0x00 ‖ leaf)                             RFC 6962 leaf hash
    leaf       ─▶  RFC 8785 canonical JSON, no identifier           contracts.log_leaf
    digest     ─▶  SHA-256(salt ‖ canonical(detail))                person, subject, content
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519_SIGNATURE_TYPE = b"\x01"
_SAFE_INTEGER = 2**53 - 1
_PLAIN_ENCODER = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), check_circular=False, allow_nan=False
)


def canonical(value: object) -> bytes:
    """RFC 8785 canonical JSON of a JSON value. Raises rfc8785.CanonicalizationError for what JSON cannot hold.

    Values without floats, huge integers and non-ASCII keys have the same bytes from the C encoder five times faster;
    every other value takes the reference implementation.
    """
    if _is_plain(value):
        try:
            return _PLAIN_ENCODER.encode(value).encode()
        except UnicodeEncodeError:
            pass  # a lone surrogate: the reference implementation refuses it with its own error
    return rfc8785.dumps(value)  # type: ignore[arg-type]


def leaf_hash(leaf: bytes) -> str:
    """RFC 6962 leaf hash, 64 hex digits."""
    return hashlib.sha256(b"\x00" + leaf).hexdigest()


def content_digest(salt: str, detail: Mapping[str, object]) -> str:
    """SHA-256(salt ‖ canonical(detail)), 64 hex digits; `salt` is hex."""
    return digest_of(salt, canonical(detail))


def digest_of(salt: str, canonical_detail: bytes) -> str:
    """As `content_digest`, of a detail that is canonical already."""
    return hashlib.sha256(bytes.fromhex(salt) + canonical_detail).hexdigest()


def tag(key: bytes, label: str, value: str) -> str:
    """The pseudonym of an identifier under its person's key; `label` keeps a consent's tag apart from a subject's."""
    return hmac.digest(key, f"{label}\x00{value}".encode(), "sha256").hex()


def signing_bytes(*, log: str, first_index: int, leaf_hashes: Sequence[str]) -> bytes:
    """What one signature covers: which log, the batch's place in it, and every leaf hash in order."""
    head = f"throughgate-batch-v1\n{log}\n{first_index}\n{len(leaf_hashes)}\n"
    return (head + "\n".join(leaf_hashes) + "\n").encode()


def turn_bytes(*, log: str, version: int, signature: str) -> bytes:
    """What gives a signed batch its turn: which log, its number in the stream, and the signature that it has."""
    return f"throughgate-turn-v1\n{log}\n{version}\n{signature}\n".encode(errors="surrogatepass")


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A log's public key in the C2SP signed-note form `name+keyid+base64(0x01 ‖ key)`."""

    log: str
    key_id: str
    public: bytes

    def __str__(self) -> str:
        return f"{self.log}+{self.key_id}+{base64.b64encode(ED25519_SIGNATURE_TYPE + self.public).decode()}"


def verifier_key(log: str, public: bytes) -> VerifierKey:
    """The verifier key of a log; the id is the signed-note key id, so a key of one log is not a key of another."""
    digest = hashlib.sha256(log.encode() + b"\n" + ED25519_SIGNATURE_TYPE + public).hexdigest()
    return VerifierKey(log=log, key_id=digest[:8], public=public)


def parse_verifier_key(text: str) -> VerifierKey:
    """The key that `str(VerifierKey)` wrote. Raises ValueError when the text or its key id is not right."""
    log, sep, rest = text.strip().partition("+")
    key_id, sep2, encoded = rest.partition("+")
    raw = base64.b64decode(encoded, validate=True)
    if not (log and sep and sep2) or len(raw) != 33 or raw[:1] != ED25519_SIGNATURE_TYPE:
        raise ValueError("not an Ed25519 verifier key")
    key = verifier_key(log, raw[1:])
    if key.key_id != key_id:
        raise ValueError("the key id does not belong to the key")
    return key


def sign_batch(private: Ed25519PrivateKey, *, log: str, first_index: int, leaf_hashes: Sequence[str]) -> str:
    """The batch's signature, base64."""
    message = signing_bytes(log=log, first_index=first_index, leaf_hashes=leaf_hashes)
    return base64.b64encode(private.sign(message)).decode()


def sign_turn(private: Ed25519PrivateKey, *, log: str, version: int, signature: str) -> str:
    """The signature of a batch's turn, base64; `signature` is the batch's."""
    return base64.b64encode(private.sign(turn_bytes(log=log, version=version, signature=signature))).decode()


def batch_holds(
    key: VerifierKey, *, log: str, first_index: int, leaf_hashes: Sequence[str], key_id: str, signature: str
) -> bool:
    """Whether `key` signed exactly these leaf hashes at exactly this place of exactly this log."""
    if log != key.log or key_id != key.key_id:
        return False
    return _signed(key, signature, signing_bytes(log=log, first_index=first_index, leaf_hashes=leaf_hashes))


def turn_holds(key: VerifierKey, *, log: str, version: int, signature: str, turn_signature: str) -> bool:
    """Whether `key` gave the batch that has this signature exactly this number in the stream of exactly this log."""
    if log != key.log:
        return False
    return _signed(key, turn_signature, turn_bytes(log=log, version=version, signature=signature))


def _signed(key: VerifierKey, signature: str, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(base64.b64decode(signature, validate=True), message)
    except (InvalidSignature, ValueError):
        return False
    return True


def leaf_holds(leaf: str, expected_leaf_hash: str) -> bool:
    """Whether the leaf's bytes are the ones that were hashed."""
    return hmac.compare_digest(leaf_hash(leaf.encode(errors="surrogatepass")), expected_leaf_hash)


def detail_holds(expected_digest: str, salt: str, detail: Mapping[str, object]) -> bool:
    """Whether the detail is the one the leaf's `content_digest` was made of; any malformed value is a no."""
    try:
        return hmac.compare_digest(content_digest(salt, detail), expected_digest)
    except (ValueError, TypeError, rfc8785.CanonicalizationError):
        return False


def _is_plain(value: object) -> bool:
    kind = type(value)
    if kind in _PLAIN_SCALARS:
        return True
    if kind is int:
        return -_SAFE_INTEGER <= value <= _SAFE_INTEGER  # type: ignore[operator]
    if kind is dict:
        for key, item in value.items():  # type: ignore[attr-defined]
            if type(key) is not str or not key.isascii() or (type(item) is not str and not _is_plain(item)):
                return False
        return True
    if kind is list:
        for item in value:  # type: ignore[attr-defined]  # noqa: SIM110  # a generator costs twice as much here
            if type(item) is not str and not _is_plain(item):
                return False
        return True
    return False


_PLAIN_SCALARS = frozenset({str, bool, type(None)})
