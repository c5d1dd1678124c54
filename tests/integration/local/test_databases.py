"""Databases and roles on a PostgreSQL that somebody else runs (`throughgate up --database URL`)."""

from collections.abc import Iterator

import psycopg
import pytest

from chassis.migrations import migrate
from tests.support.postgres import PASSWORD, running_postgres
from throughgate.local.databases import DATABASES, ensure_database, ensure_roles, url_for


@pytest.fixture
def administrator_url() -> Iterator[str]:
    """An administrator who is no superuser, as managed databases have them."""
    with running_postgres() as server:
        with psycopg.connect(server.admin_url, autocommit=True) as superuser:
            superuser.execute(f"CREATE ROLE administrator LOGIN CREATEDB CREATEROLE PASSWORD '{PASSWORD}'")
        yield url_for(server.admin_url, role="administrator", password=PASSWORD, database="postgres")


def test_an_administrator_who_is_no_superuser_can_provide_everything_twice(administrator_url: str) -> None:
    for password in ("first", "second"):
        ensure_roles(administrator_url, {role: password for each in DATABASES.values() for role in each.roles})
        for service in DATABASES.values():
            ensure_database(administrator_url, service)
            owner_url = url_for(administrator_url, role=service.owner, password=password, database=service.name)
            migrate(owner_url, service.package)
            for login in service.logins:
                login_url = url_for(administrator_url, role=login, password=password, database=service.name)
                with psycopg.connect(login_url) as connection:
                    assert connection.execute("SELECT current_user, to_regclass('outbox') IS NOT NULL").fetchone() == (
                        login,
                        True,
                    )


def test_roles_have_no_power_of_their_own(administrator_url: str) -> None:
    roles = [role for each in DATABASES.values() for role in each.roles]
    ensure_roles(administrator_url, dict.fromkeys(roles, "made-up"))
    with psycopg.connect(administrator_url) as connection:
        found = connection.execute(
            "SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)"
            " AND NOT (rolsuper OR rolbypassrls OR rolcreatedb OR rolcreaterole)",
            (roles,),
        ).fetchall()
    assert {name for (name,) in found} == set(roles)
