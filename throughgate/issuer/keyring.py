"""The issuer's signing keys: private, on disk with mode 600, the newest two published and the newest one in use.

A rotation makes a new key and drops the oldest; tokens signed before it stay good, since their key is still published.
A running issuer notices a rotation by another process at its next request.
"""

import json
import os
from pathlib import Path
from typing import Any

from joserfc.jwk import ECKey

from chassis.ids import new_id

ALGORITHM = "ES256"
PUBLISHED = 2


class KeyRing:
    """The keys in `folder`, which is made, with PUBLISHED keys in it, if it is not there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._keys: tuple[ECKey, ...] = ()
        self._read: list[Path] = []
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        while len(self._files()) < PUBLISHED:
            self._make()

    @property
    def signing(self) -> ECKey:
        """The key that new tokens are signed with."""
        return self._current()[-1]

    def public(self) -> dict[str, Any]:
        """The published key set (RFC 7517), without any private part."""
        return {"keys": [{**key.as_dict(private=False), "use": "sig", "alg": ALGORITHM} for key in self._current()]}

    def rotate(self) -> str:
        """Make a new signing key, keep the one before it published, and return the new key's id."""
        kid = self._make()
        for file in self._files()[:-PUBLISHED]:
            file.unlink(missing_ok=True)
        return kid

    def _current(self) -> tuple[ECKey, ...]:
        files = self._files()[-PUBLISHED:]
        if files != self._read:
            self._keys = tuple(ECKey.import_key(json.loads(file.read_text("utf-8"))) for file in files)
            self._read = files
        return self._keys

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("*.json"))

    def _make(self) -> str:
        kid = new_id()
        key = ECKey.generate_key("P-256", {"kid": kid})
        draft = self._folder / f".{kid}.draft"
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump(key.as_dict(private=True), file)
        draft.rename(self._folder / f"{kid}.json")
        return kid
