"""`throughgate token`: a development access token, alone on its line."""

from pathlib import Path
from typing import Annotated

import typer

from throughgate.commands.common import (
    DEFAULT_DATA_DIR,
    DataDirOption,
    JsonOption,
    Refused,
    fetch_token,
    print_json,
    run,
    stack_at,
)


def token(
    agency: Annotated[str, typer.Argument(metavar="AGENCY-ID", help="For example hmp-northgate, or operator.")],
    url: Annotated[str, typer.Option(help="The stack's address; else the one of --data-dir.")] = "",
    user: Annotated[str, typer.Option(help="Name a member of staff, for calls that need one.")] = "",
    scope: Annotated[
        list[str] | None, typer.Option(help="Fewer scopes than the agency has: given again, or separated by spaces.")
    ] = None,
    ttl: Annotated[int, typer.Option(help="Seconds until it expires; 0 leaves it to the issuer.", min=0)] = 0,
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
    as_json: JsonOption = False,
) -> None:
    """Print a development access token for the running stack.

    Example: TOKEN=$(throughgate token hmp-northgate --user dana.whitlock)
    """
    address = url or _address(data_dir)
    found = run(fetch_token(address, agency, user=user or None, scope=" ".join(scope or ()) or None, ttl=ttl or None))
    if as_json:
        print_json({"access_token": found, "agency": agency})
    else:
        typer.echo(found)


def _address(data_dir: Path) -> str:
    try:
        return stack_at(data_dir).url
    except Refused:
        return "http://127.0.0.1:8000"
