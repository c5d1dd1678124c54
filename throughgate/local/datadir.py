"""The folder that a stack on this machine keeps everything in.

Invariant: at most one `throughgate up` uses it at a time, and nobody but its owner can read it (mode 700, secrets 600).

    lock          held while a stack runs; names its process
    secrets.json  passwords of database roles, the keys of list cursors and of sealed secrets; made once
    stack.json    where the running stack is: URL, broker, databases
    postgres/     the embedded database's own folder
    keys/         the share log's signing key and verifier key
    logs/         one file per process
"""

import fcntl
import json
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path


class AlreadyRunning(RuntimeError):
    """Another process holds this data folder."""


class NoStack(RuntimeError):
    """No stack was ever started on this data folder."""


@dataclass(frozen=True, slots=True)
class DatabaseUrls:
    """How to reach one service's database: as its owner, and as each login role."""

    owner_url: str
    login_urls: dict[str, str]


@dataclass(frozen=True, slots=True)
class StackFile:
    """Where a stack is: by service, the base URL of its internal HTTP, and of every process' metrics."""

    url: str
    pid: int
    kafka: str
    databases: dict[str, DatabaseUrls]
    services: dict[str, str]
    metrics: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DataDir:
    """The folder's layout. The path is absolute."""

    root: Path

    @classmethod
    def at(cls, path: Path) -> "DataDir":
        return cls(path.resolve())

    @property
    def postgres(self) -> Path:
        return self.root / "postgres"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def keys(self) -> Path:
        return self.root / "keys"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Make the folder if need be and hold it. Raises AlreadyRunning if somebody else does."""
        for folder in (self.root, self.logs, self.keys):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self.root / "lock").open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                lock.seek(0)
                holder = lock.read().strip() or "unknown"
                raise AlreadyRunning(
                    f"process {holder} already runs a stack on {self.root}; stop it, or give another --data-dir"
                ) from error
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            yield

    def secrets(self, names: Iterable[str]) -> dict[str, str]:
        """A secret for each name: the one made before, or a new one, which is kept."""
        path = self.root / "secrets.json"
        known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        missing = {name: secrets.token_urlsafe(24) for name in names if name not in known}
        if missing:
            write_private(path, json.dumps(known | missing, indent=1))
        return known | missing

    def write_stack(self, stack: StackFile) -> None:
        write_private(self.root / "stack.json", json.dumps(asdict(stack), indent=1))

    def read_stack(self) -> StackFile:
        """Where the stack is, or was when it last ran. Raises NoStack."""
        try:
            read = json.loads((self.root / "stack.json").read_text())
        except FileNotFoundError as error:
            raise NoStack(f"no stack was started on {self.root}; run `throughgate up`, or give --data-dir") from error
        read["databases"] = {name: DatabaseUrls(**urls) for name, urls in read["databases"].items()}
        return StackFile(**read)


def write_private(path: Path, content: str) -> None:
    """Replace the file at once: a reader or a crash meets the old or the new one. Only its owner can read it."""
    making = path.with_suffix(".making")
    making.unlink(missing_ok=True)
    with os.fdopen(os.open(making, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    making.replace(path)
