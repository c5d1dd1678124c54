"""The key that signs the log: an Ed25519 key in a file that only this service can read.

Invariant: no key is ever replaced or overwritten here. In development and test a missing key is made (0600); elsewhere
the process refuses to start without one. The verifier key is written beside it for everyone.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chassis.settings import Settings
from contracts.log_proof import VerifierKey, sign_batch, sign_turn, verifier_key


class NoSigningKey(Exception):
    """THROUGHGATE_SIGNING_KEY_FILE names no Ed25519 private key in PEM."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs batches of one log."""

    log: str
    private: Ed25519PrivateKey
    verifier: VerifierKey

    def sign(self, *, first_index: int, leaf_hashes: Sequence[str]) -> str:
        return sign_batch(self.private, log=self.log, first_index=first_index, leaf_hashes=leaf_hashes)

    def sign_turn(self, *, version: int, signature: str) -> str:
        return sign_turn(self.private, log=self.log, version=version, signature=signature)


def signer(log: str, private: Ed25519PrivateKey) -> Signer:
    return Signer(log, private, verifier_key(log, private.public_key().public_bytes_raw()))


def load_signer(settings: Settings) -> Signer:
    """The signer of this deployment's log; writes the verifier key where the settings say. Raises NoSigningKey."""
    path = settings.signing_key_file or settings.data_dir / "share-log.key"
    if not path.exists() and settings.is_local:
        _make_key(path)
    try:
        private = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError) as error:
        raise NoSigningKey from error
    if not isinstance(private, Ed25519PrivateKey):
        raise NoSigningKey
    found = signer(settings.log_origin, private)
    _publish(found.verifier, settings.log_key_file or settings.data_dir / "share-log.pub")
    return found


def _publish(key: VerifierKey, path: Path) -> None:
    """Whole or not at all: others wait for this file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(f"{key}\n")
    draft.replace(path)


def _make_key(path: Path) -> None:
    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return  # another process of this service made it meanwhile
    with os.fdopen(handle, "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
