"""`throughgate agreements`: what a draft would be refused for, what it changes, and bringing it into force."""

from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from pydantic import ValidationError

from chassis.http_client import ServiceClient
from chassis.ids import new_id
from consent.domain.compare import Change, changes_between
from consent.domain.limits import breaches
from contracts.agreement import Agreement, load_agreement
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

app = typer.Typer(
    help="Information-sharing agreements: check, compare, publish."
    "\n\nExample: throughgate agreements check deploy/agreements/north-isa-1.0.0.yaml",
    no_args_is_help=True,
)

File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="YAML, as in deploy/agreements.")]


@app.command("check")
def check(file: File, as_json: JsonOption = False) -> None:
    """Say which clauses break a limit of the law, each with the sentence that explains it; exit 1 if any does.

    Example: throughgate agreements check deploy/agreements/north-isa-1.0.0.yaml
    """
    agreement = _read(file)
    rows = [{"clause": breach.clause, "sentence": breach.sentence} for breach in breaches(agreement)]
    if as_json:
        print_json({**_name(agreement), "document_hash": agreement.document_hash(), "breaches": rows})
    else:
        nothing = f"{agreement.cited_as} {agreement.version} may be published. SHA-256 {agreement.document_hash()}"
        show(rows, ("clause", "sentence"), as_json=False, nothing=nothing)
    if rows:
        raise typer.Exit(1)


@app.command("diff")
def diff(
    file: File,
    with_: Annotated[
        Path | None, typer.Option("--with", exists=True, dir_okay=False, help="Another file, not what is in force.")
    ] = None,
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
    as_json: JsonOption = False,
) -> None:
    """Say what a file permits that the version in force does not, and the other way round, cell by cell.

    Example: throughgate agreements diff north-isa-1.1.0.yaml --with deploy/agreements/north-isa-1.0.0.yaml
    """
    draft = _read(file)
    before = _read(with_) if with_ else run(_in_force(stack_at(data_dir), draft.id))
    rows = [_row(change) for change in changes_between(before, draft)]
    columns = ("change", "clause", "source", "recipient", "category", "before", "after")
    show(rows, columns, as_json=as_json, nothing="Nothing changes.")


@app.command("publish")
def publish(file: File, data_dir: DataDirOption = DEFAULT_DATA_DIR, as_json: JsonOption = False) -> None:
    """Bring a version into force for good; everyone it touches is decided again.

    Example: throughgate agreements publish north-isa-1.1.0.yaml
    """
    agreement = _read(file)
    found = breaches(agreement)
    if found:
        raise Refused(f"{found[0].clause}: {found[0].sentence}")
    answer = run(_publish(stack_at(data_dir), agreement))
    if as_json:
        print_json(answer)
    else:
        outcome = "published" if answer["published"] else "was in force already"
        typer.echo(f"{agreement.cited_as} {agreement.version} {outcome}; policy {answer['policy_hash']}")


def _read(file: Path) -> Agreement:
    try:
        return load_agreement(file)
    except yaml.YAMLError as error:
        raise Refused(f"{file} is not YAML") from error
    except ValidationError as error:
        places = "; ".join(f"{'/'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()[:5])
        raise Refused(f"{file} is no agreement: {places}") from error


def _name(agreement: Agreement) -> dict[str, str]:
    return {"agreement": agreement.id, "version": agreement.version}


def _row(change: Change) -> dict[str, Any]:
    return {
        "change": change.change,
        "clause": change.clause,
        "source": change.source,
        "recipient": change.recipient,
        "category": change.category,
        "before": change.before,
        "after": change.after,
    }


async def _in_force(stack: StackFile, name: str) -> Agreement:
    token = await fetch_token(stack.url, OPERATOR)
    async with ServiceClient(stack.services["consent"]) as client:
        listed = accepted(await client.request("GET", "/v1/agreements", token=token))["items"]
        version = next((one["version"] for one in listed if one["agreement"] == name and one["in_force"]), None)
        if version is None:
            raise Refused(f"no version of {name} is in force")
        path = f"/v1/agreements/{name}/{version}"
        return Agreement.model_validate(accepted(await client.request("GET", path, token=token)))


async def _publish(stack: StackFile, agreement: Agreement) -> dict[str, Any]:
    token = await fetch_token(stack.url, OPERATOR)
    body = agreement.model_dump(mode="json", by_alias=True)
    async with ServiceClient(stack.services["consent"]) as client:
        answer = await client.request(
            "POST", "/v1/agreements", token=token, body=body, headers={"idempotency-key": new_id()}
        )
    found: dict[str, Any] = accepted(answer)
    return found
