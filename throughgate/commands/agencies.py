"""`throughgate agencies`: which agencies there are, and an operator's say over them."""

from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from chassis.http_client import ServiceClient
from chassis.ids import new_id
from throughgate.commands.common import (
    DEFAULT_DATA_DIR,
    OPERATOR,
    DataDirOption,
    JsonOption,
    Refused,
    accepted,
    fetch_token,
    print_json,
    run,
    show,
    stack_at,
)
from throughgate.local.datadir import StackFile

COLUMNS = ("id", "kind", "name", "area", "nhs_body", "contracted_by")

app = typer.Typer(help="The agencies of the running stack.", no_args_is_help=True)

AgencyId = Annotated[str, typer.Argument(metavar="AGENCY-ID")]
Reason = Annotated[str, typer.Option(help="Why; kept in the log. Names no person.")]


@app.command("list")
def list_agencies(data_dir: DataDirOption = DEFAULT_DATA_DIR, as_json: JsonOption = False) -> None:
    """All agencies.

    Example: throughgate agencies list
    """
    answer = run(_operate(stack_at(data_dir), "caseload", "GET", "/v1/agencies"))
    rows = answer["items"] if isinstance(answer, dict) else answer
    show(rows, COLUMNS, as_json=as_json, nothing="There is no agency.")


@app.command("add")
def add(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="YAML, as in deploy/agencies.")],
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
    as_json: JsonOption = False,
) -> None:
    """Add an agency, or change one, from a file.

    Example: throughgate agencies add deploy/agencies/charity-newstart.yaml
    """
    try:
        agency = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise Refused(f"{file} is not YAML") from error
    if not isinstance(agency, dict) or not isinstance(agency.get("id"), str):
        raise Refused(f"{file} names no agency: it needs an id")
    body = {name: value for name, value in agency.items() if name != "id"}
    run(_operate(stack_at(data_dir), "caseload", "PUT", f"/v1/agencies/{agency['id']}", body))
    _done("added", agency["id"], as_json=as_json)


@app.command("suspend")
def suspend(
    agency: AgencyId,
    reason: Reason,
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
    as_json: JsonOption = False,
) -> None:
    """Refuse an agency everything from now on, and hide what it was shown.

    Example: throughgate agencies suspend charity-newstart --reason "contract ended"
    """
    run(_operate(stack_at(data_dir), "consent", "POST", f"/v1/agencies/{agency}/suspension", {"reason": reason}))
    _done("suspended", agency, as_json=as_json)


@app.command("resume")
def resume(agency: AgencyId, data_dir: DataDirOption = DEFAULT_DATA_DIR, as_json: JsonOption = False) -> None:
    """End an agency's suspension.

    Example: throughgate agencies resume charity-newstart
    """
    run(_operate(stack_at(data_dir), "consent", "DELETE", f"/v1/agencies/{agency}/suspension"))
    _done("resumed", agency, as_json=as_json)


def _done(outcome: str, agency: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"outcome": outcome, "agency": agency})
    else:
        typer.echo(f"{outcome}: {agency}")


async def _operate(stack: StackFile, service: str, method: str, path: str, body: Any = None) -> Any:
    """One call to a service's operator API, with an operator's token. Raises Refused."""
    token = await fetch_token(stack.url, OPERATOR)
    headers = {"idempotency-key": new_id()} if method == "POST" else {}
    async with ServiceClient(stack.services[service]) as client:
        return accepted(await client.request(method, path, token=token, body=body, headers=headers))
