"""`throughgate decisions`: a decision taken again on what it was taken on."""

from typing import Annotated

import typer

from chassis.http_client import ServiceClient
from throughgate.commands.common import (
    DEFAULT_DATA_DIR,
    OPERATOR,
    DataDirOption,
    JsonOption,
    accepted,
    fetch_token,
    print_json,
    run,
    stack_at,
)
from throughgate.local.datadir import StackFile

app = typer.Typer(no_args_is_help=True)


@app.callback()
def decisions() -> None:
    """Decisions about shares.

    Example: throughgate decisions replay 01936f2c-7b1a-7c3e-9d40-5a1b2c3d4e5f
    """


@app.command("replay")
def replay(
    share_id: Annotated[str, typer.Argument(metavar="SHARE-ID")],
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
    as_json: JsonOption = False,
) -> None:
    """Take a decision again on the facts and agreements it was taken on; exit 1 if the bytes differ.

    Example: throughgate decisions replay 01936f2c-7b1a-7c3e-9d40-5a1b2c3d4e5f
    """
    found = run(_replay(stack_at(data_dir), share_id))
    if as_json:
        print_json(found)
    else:
        typer.echo(found["verdict"])
        typer.echo("the same bytes" if found["same"] else f"DIFFERS, now: {found['now']}")
    if not found["same"]:
        raise typer.Exit(1)


async def _replay(stack: StackFile, share_id: str) -> dict[str, object]:
    token = await fetch_token(stack.url, OPERATOR)
    async with ServiceClient(stack.services["consent"]) as client:
        answer: dict[str, object] = accepted(
            await client.request("GET", f"/v1/decisions/{share_id}/replay", token=token)
        )
    return answer
