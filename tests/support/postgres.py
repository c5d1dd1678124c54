"""A PostgreSQL of the test session's own, and fresh databases in it.

`pg_server` starts the server of the wheel the first time a test asks. `make_database("consent")` gives a fresh,
migrated database (any scope); `fresh_database` does the same and drops it when the test ends.
The roles have their production names and are shared by all databases of the server, so migrations' GRANTs work as
they stand. Migrations run once per service and session, into a template that the others are copied from.
"""

import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from throughgate.local import postgres
from throughgate.local.databases import DATABASES, ensure_database, ensure_roles, url_for
from throughgate.local.ports import free_port

PASSWORD = "made-up-for-tests"


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A running server; `admin_url` is the superuser's."""

    admin_url: str
    port: int
    templates: set[str] = field(default_factory=set)
    serial: list[int] = field(default_factory=lambda: [0])


@dataclass(frozen=True, slots=True)
class TestDatabase:
    """A service's database: `owner_url` for the role of migrations, `url` for the role the service logs in with."""

    __test__ = False

    service: str
    name: str
    admin_url: str
    owner_url: str
    url: str

    def login_url(self, role: str) -> str:
        """The URL of another login role of the same service (`gateway_projector`)."""
        return url_for(self.admin_url, role=role, password=PASSWORD, database=self.name)

    def drop(self) -> None:
        """Remove the database and whoever is still connected to it."""
        with psycopg.connect(self.admin_url, autocommit=True) as admin:
            admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(self.name)))


MakeDatabase = Callable[[str], TestDatabase]


@contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL 18 on a free loopback port, with fsync off and no roles but its superuser; gone at the end."""
    folder = Path(tempfile.mkdtemp(prefix="throughgate-pg-"))
    data = folder / "data"
    log = folder / "log"
    postgres.initialise(data, PASSWORD)
    port = free_port()
    with log.open("wb") as sink:
        process = subprocess.Popen(
            postgres.command(data, port, postgres.DISPOSABLE),
            stdout=sink,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    try:
        admin_url = postgres.url(port, PASSWORD)
        if not postgres.wait_until_ready(admin_url, within=30):
            raise postgres.PostgresFailed(log.read_text())
        yield PostgresServer(admin_url, port)
    finally:
        process.send_signal(signal.SIGQUIT)
        process.wait(timeout=30)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def pg_server() -> Iterator[PostgresServer]:
    """The session's PostgreSQL, with the roles of every service."""
    with running_postgres() as server:
        roles = {role: PASSWORD for database in DATABASES.values() for role in database.roles}
        ensure_roles(server.admin_url, roles)
        yield server


@pytest.fixture(scope="session")
def make_database(pg_server: PostgresServer) -> MakeDatabase:
    """A function from a service's name to a fresh database of it, with its migrations run."""

    def make(service: str) -> TestDatabase:
        return _make(pg_server, service)

    return make


@pytest.fixture
def fresh_database(pg_server: PostgresServer) -> Iterator[MakeDatabase]:
    """As `make_database`, for one test: what it made is dropped when the test ends."""
    made: list[TestDatabase] = []

    def make(service: str) -> TestDatabase:
        made.append(_make(pg_server, service))
        return made[-1]

    yield make
    for database in made:
        database.drop()


@pytest.fixture(scope="session")
def make_empty_database(pg_server: PostgresServer) -> MakeDatabase:
    """As `make_database` without migrations: for tests of the chassis and of migrations themselves."""

    def make(service: str) -> TestDatabase:
        return _empty(pg_server, service)

    return make


def _make(server: PostgresServer, service: str) -> TestDatabase:
    template = f"template_{service}"
    if service not in server.templates:
        from chassis.migrations import migrate

        migrate(_empty(server, service, name=template).owner_url, DATABASES[service].package)
        server.templates.add(service)
    return _empty(server, service, like=template)


def _empty(server: PostgresServer, service: str, *, name: str = "", like: str = "") -> TestDatabase:
    server.serial[0] += 1
    database = DATABASES[service]
    name = name or f"{service}_{server.serial[0]}"
    ensure_database(server.admin_url, database, name=name, like=like)

    def login(role: str) -> str:
        return url_for(server.admin_url, role=role, password=PASSWORD, database=name)

    return TestDatabase(service, name, server.admin_url, login(database.owner), login(database.logins[0]))
