"""`throughgate provide`: roles, databases and tables of every service in a PostgreSQL of a deployment."""

from typing import Annotated

import typer

from chassis.migrations import migrate
from throughgate.commands.common import JsonOption, print_json
from throughgate.local.databases import DATABASES, ensure_database, ensure_roles, url_for


def provide(
    database: Annotated[
        str,
        typer.Option(
            envvar="THROUGHGATE_ADMIN_DATABASE_URL", help="A role that may create databases and roles.", metavar="URL"
        ),
    ],
    password: Annotated[
        str, typer.Option(envvar="THROUGHGATE_ROLES_PASSWORD", help="The password that every role gets.")
    ],
    as_json: JsonOption = False,
) -> None:
    """Make each service's roles, database and tables, or bring them up to date; run it before starting a new version.

    Give URL and password by environment, so that neither stands in a list of processes.

    Example: THROUGHGATE_ADMIN_DATABASE_URL=… THROUGHGATE_ROLES_PASSWORD=… throughgate provide
    """
    ensure_roles(database, {role: password for each in DATABASES.values() for role in each.roles})
    for name, service in DATABASES.items():
        ensure_database(database, service)
        migrate(url_for(database, role=service.owner, password=password, database=name), service.package)
        if not as_json:
            typer.echo(f"{name}: ready")
    if as_json:
        print_json({"databases": sorted(DATABASES)})
