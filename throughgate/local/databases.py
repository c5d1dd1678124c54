"""Which databases and roles there are, and how they come into being.

Invariant: each service has a database of its own, an owner role that alone may change its tables and login roles
that can reach no other service's database.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
from psycopg import sql


@dataclass(frozen=True, slots=True)
class ServiceDatabase:
    """The database `name`, the role that owns its tables, the roles that processes log in as."""

    name: str
    package: str
    logins: tuple[str, ...]

    @property
    def owner(self) -> str:
        return f"{self.name}_owner"

    @property
    def roles(self) -> tuple[str, ...]:
        return (self.owner, *self.logins)


DATABASES: Mapping[str, ServiceDatabase] = {
    database.name: database
    for database in (
        ServiceDatabase("caseload", "caseload", ("caseload",)),
        ServiceDatabase("release_notify", "release_notify", ("release_notify",)),
        ServiceDatabase("referral", "referral", ("referral",)),
        ServiceDatabase("consent", "consent", ("consent",)),
        ServiceDatabase("audit", "audit", ("audit",)),
        ServiceDatabase("gateway", "gateway", ("gateway", "gateway_projector", "gateway_deliverer")),
    )
}


def ensure_roles(admin_url: str, passwords: Mapping[str, str]) -> None:
    """Every role of `passwords` exists and may log in with that password; a role made here has no power of its own."""
    with psycopg.connect(admin_url, autocommit=True) as admin:
        for role, password in passwords.items():
            # hashed here, so that no password stands in a statement
            verifier = admin.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
            name, secret = sql.Identifier(role), sql.Literal(verifier)
            if admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone() is None:
                # a new role has no power unless it is given some: no superuser, no bypass of row-level security
                admin.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(name, secret))
            else:
                admin.execute(sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(name, secret))


def ensure_database(admin_url: str, service: ServiceDatabase, *, name: str | None = None, like: str = "") -> None:
    """The service's database exists and only its own roles may enter; the roles must exist already.

    `name` is the database's name where it is not the service's, `like` a database to copy instead of an empty one.
    """
    database = sql.Identifier(name or service.name)
    owner = sql.Identifier(service.owner)
    template = sql.SQL(" TEMPLATE {}").format(sql.Identifier(like)) if like else sql.SQL("")
    with psycopg.connect(admin_url, autocommit=True) as admin:
        if admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name or service.name,)).fetchone() is None:
            superuser = admin.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
            if superuser == (False,):
                admin.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(owner))
            admin.execute(sql.SQL("CREATE DATABASE {} OWNER {}{}").format(database, owner, template))
        admin.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
        for login in service.logins:
            admin.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, sql.Identifier(login)))


def url_for(admin_url: str, *, role: str, password: str, database: str) -> str:
    """`admin_url` with another user, password and database; host, port and options stay."""
    parts = urlsplit(admin_url)
    place = parts.netloc.rpartition("@")[2]
    credentials = f"{quote(role, safe='')}:{quote(password, safe='')}"
    return urlunsplit(parts._replace(netloc=f"{credentials}@{place}", path=f"/{database}"))
