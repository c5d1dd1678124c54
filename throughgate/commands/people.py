"""`throughgate people`: an operator erases a person, because the controllers decided so. It cannot be undone."""

from typing import Annotated

import typer

from chassis.http_client import ServiceClient
from chassis.ids import new_id
from contracts.codes import ErasureReason
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
def people() -> None:
    """People, as an operator meets them: by an id, and never by name.

    Example: throughgate people erase 01936f2c-7b1a-7c3e-9d40-5a1b2c3d4e5f --reason retention-ended
    """


@app.command("erase")
def erase(
    person: Annotated[str, typer.Argument(metavar="PERSON", help="Throughgate's own id, or scheme:value.")],
    reason: Annotated[ErasureReason, typer.Option(help="Why the controllers decided so; it stands in the share log.")],
    user: Annotated[str | None, typer.Option(help="Who does this, for the share log.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask again.")] = False,
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
    as_json: JsonOption = False,
) -> None:
    """Erase a person everywhere, for good: at once from views, within seven days from outboxes and topics.

    The share log keeps every entry and can tell nobody whose it was.

    Example: throughgate people erase 01936f2c-7b1a-7c3e-9d40-5a1b2c3d4e5f --reason retention-ended
    """
    if not yes:
        typer.confirm("This cannot be undone. Erase this person everywhere?", abort=True, err=True)
    done = run(_erase(stack_at(data_dir), person, reason, user))
    if as_json:
        print_json(done)
    else:
        typer.echo(f"erased: {done['person_id']}")


async def _erase(stack: StackFile, person: str, reason: ErasureReason, user: str | None) -> dict[str, object]:
    token = await fetch_token(stack.url, OPERATOR, user=user)
    body = {"person": person, "reason": reason.value}
    async with ServiceClient(stack.services["caseload"]) as client:
        answer: dict[str, object] = accepted(
            await client.request("POST", "/v1/erasures", token=token, body=body, headers={"idempotency-key": new_id()})
        )
    return answer
