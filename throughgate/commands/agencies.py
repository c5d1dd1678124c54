"""`throughgate agencies`: which agencies there are, and an operator's say over them."""

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

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

app = typer.Typer(
    help="The agencies of the running stack.\n\nExample: throughgate agencies suspend charity-newstart",
    no_args_is_help=True,
)

AgencyId = Annotated[str, typer.Argument(metavar="AGENCY-ID")]


@app.command("list")
def list_agencies(data_dir: DataDirOption = DEFAULT_DATA_DIR, as_json: JsonOption = False) -> None:
    """All agencies.

    Example: throughgate agencies list
    """
    show(run(_all(stack_at(data_dir))), COLUMNS, as_json=as_json, nothing="There is no agency.")


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
    run(_operate(stack_at(data_dir), "caseload", "PUT", f"/v1/agencies/{quote(agency['id'], safe='')}", agency))
    _done("added", agency["id"], as_json=as_json)


@app.command("suspend")
def suspend(agency: AgencyId, data_dir: DataDirOption = DEFAULT_DATA_DIR, as_json: JsonOption = False) -> None:
    """Refuse an agency everything from now on, and hide what it was shown.

    Example: throughgate agencies suspend charity-newstart
    """
    run(_operate(stack_at(data_dir), "consent", "POST", f"/v1/agencies/{quote(agency, safe='')}/suspension"))
    _done("suspended", agency, as_json=as_json)


@app.command("resume")
def resume(agency: AgencyId, data_dir: DataDirOption = DEFAULT_DATA_DIR, as_json: JsonOption = False) -> None:
    """End an agency's suspension.

    Example: throughgate agencies resume charity-newstart
    """
    run(_operate(stack_at(data_dir), "consent", "DELETE", f"/v1/agencies/{quote(agency, safe='')}/suspension"))
    _done("resumed", agency, as_json=as_json)


def _done(outcome: str, agency: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"outcome": outcome, "agency": agency})
    else:
        typer.echo(f"{outcome}: {agency}")


async def _all(stack: StackFile) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        params = {"limit": 500, "cursor": cursor}
        page = await _operate(stack, "caseload", "GET", "/v1/agencies", params=params)
        rows += page["items"]
        cursor = page["next"]
        if cursor is None:
            return rows


async def _operate(
    stack: StackFile,
    service: str,
    method: str,
    path: str,
    body: Any = None,
    params: dict[str, str | int | None] | None = None,
) -> Any:
    """One call to a service's operator API, with an operator's token. Raises Refused."""
    token = await fetch_token(stack.url, OPERATOR)
    headers = {"idempotency-key": new_id()} if method == "POST" else {}
    async with ServiceClient(stack.services[service]) as client:
        answer = await client.request(method, path, token=token, body=body, params=params, headers=headers)
    return accepted(answer)
