"""Loopback ports that nothing else listens on.

Invariant: a port comes from below the range from which the kernel gives client sockets their ports, so a server
that died can come back to the same port however many clients tried to reach it meanwhile. And what one process drew no
other process of this user draws while the first one lives: two stacks that start together would else meet, for what a
stack draws is listened on only many seconds later.
"""

import fcntl
import os
import secrets
import socket
import tempfile
import time
from collections.abc import Collection, Iterable
from functools import cache
from pathlib import Path

LOOPBACK = "127.0.0.1"
_FIRST, _LAST = 20_000, 31_999
_TRIES = 200


class NoFreePort(RuntimeError):
    """Two hundred ports between 20000 and 31999 were all in use."""


def free_port() -> int:
    """A port on loopback that could be bound a moment ago, and that nobody else draws while this process lives."""
    return free_ports(["port"])["port"]


def free_ports(names: Iterable[str], *, apart_from: Collection[int] = ()) -> dict[str, int]:
    """A port for each name, no two the same and none of those given: what nobody listens on yet is free twice.

    Raises NoFreePort.
    """
    found: dict[str, int] = {}
    for name in names:
        taken = {*apart_from, *found.values()}
        drawn = (_FIRST + secrets.randbelow(_LAST - _FIRST) for _ in range(_TRIES))
        port = next((port for port in drawn if port not in taken and _held(port) and is_free(port)), None)
        if port is None:
            raise NoFreePort("no free port between 20000 and 31999 on 127.0.0.1")
        found[name] = port
    return found


def _held(port: int) -> bool:
    """Whether this process holds the port now: one byte of a file that all share, locked until the process ends."""
    try:
        fcntl.lockf(_drawn_by_all(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except (BlockingIOError, PermissionError):  # another holds it; what says anything else is told as it is
        return False
    return True


@cache
def _drawn_by_all() -> int:
    """Opened once and never closed: closing any of a file's descriptors would let go of all the process holds."""
    path = Path(tempfile.gettempdir()) / f"throughgate-{os.getuid()}.ports"
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def answers(port: int, host: str = LOOPBACK) -> bool:
    """Whether something accepts TCP connections there within a second."""
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


def wait_until_answers(port: int, *, within: float) -> bool:
    """Poll until the port accepts connections; False when `within` seconds have passed."""
    deadline = time.monotonic() + within
    while not answers(port):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
