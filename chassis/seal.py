"""Secrets that rest in a database: sealed there, so that its rows and backups alone open nothing.

Invariant: what was sealed for one purpose does not open for another, nor after one bit of it was changed.
"""

import base64
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from chassis.settings import DEVELOPMENT_SEAL_KEY, Settings

_NONCE_BYTES = 12


class SealBroken(Exception):
    """It was sealed with another key or for another purpose, or it was changed."""


class Sealer:
    """Seals with AES-256-GCM under a key made from the deployment's own."""

    def __init__(self, key: str) -> None:
        made = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"throughgate seal").derive(key.encode())
        self._cipher = AESGCM(made)

    def seal(self, secret: str, *, purpose: str) -> str:
        """Text that opens for this purpose alone; another one each time."""
        nonce = os.urandom(_NONCE_BYTES)
        return base64.b64encode(nonce + self._cipher.encrypt(nonce, secret.encode(), purpose.encode())).decode()

    def open(self, sealed: str, *, purpose: str) -> str:
        """The secret. Raises SealBroken."""
        raw = base64.b64decode(sealed)
        try:
            return self._cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], purpose.encode()).decode()
        except InvalidTag as error:
            raise SealBroken from error


def sealer(settings: Settings) -> Sealer:
    """This deployment's. Raises ValueError where secrets would rest under a published key."""
    if not settings.is_local and settings.seal_key == DEVELOPMENT_SEAL_KEY:
        raise ValueError("THROUGHGATE_SEAL_KEY must be set outside development")
    return Sealer(settings.seal_key)
