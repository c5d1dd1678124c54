"""What several sub-commands share: options, tables, refusals, calls to the running stack."""

import asyncio
import json
import sys
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from chassis.db import is_passing
from chassis.http_client import Answer, ServiceClient, UpstreamUnavailable
from throughgate import client
from throughgate.local.datadir import DataDir, NoStack, StackFile

T = TypeVar("T")

OPERATOR = "operator"


class Refused(Exception):
    """The command cannot do what was asked; the text is one sentence for the person who asked."""


JsonOption = Annotated[bool, typer.Option("--json", help="JSON for programs instead of a table for people.")]
DataDirOption = Annotated[
    Path, typer.Option("--data-dir", help="The folder of the running stack.", envvar="THROUGHGATE_DATA_DIR")
]
DEFAULT_DATA_DIR = Path(".throughgate")


def stack_at(data_dir: Path) -> StackFile:
    """Where the stack of that folder is. Raises Refused."""
    try:
        return DataDir.at(data_dir).read_stack()
    except NoStack as error:
        raise Refused(str(error)) from error


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end; a stack or a database that does not answer becomes a Refused."""
    try:
        return asyncio.run(work)
    except UpstreamUnavailable as error:
        raise Refused("the stack does not answer; is `throughgate up` running?") from error
    except Exception as error:
        if is_passing(error):
            raise Refused("the stack's database does not answer; is `throughgate up` running?") from error
        raise


async def fetch_token(
    url: str, agency: str, *, user: str | None = None, scope: str | None = None, ttl: int | None = None
) -> str:
    """A development access token for the agency from the stack at `url`. Raises Refused."""
    async with ServiceClient(url) as http:
        try:
            return await client.fetch_token(http, agency, user=user, scope=scope, ttl=ttl)
        except client.Refused as error:
            raise Refused(str(error)) from error


def accepted(answer: Answer) -> Any:
    """The body of a successful answer. Raises Refused with what the stack said otherwise."""
    if answer.ok:
        return answer.json()
    try:
        problem = answer.json() or {}
    except ValueError:
        problem = {}
    said = problem.get("detail") or problem.get("error_description") or problem.get("title") or problem.get("error")
    places = "; ".join(f"{one.get('pointer', '')} {one.get('detail', '')}".strip() for one in problem.get("errors", []))
    raise Refused(" ".join(part for part in (f"{answer.status}: {said or 'refused'}", places) if part))


def show(rows: Sequence[dict[str, Any]], columns: Sequence[str], *, as_json: bool, nothing: str) -> None:
    """Rows as a table, or as one JSON array; `nothing` is what people read when there are none."""
    if as_json:
        print_json(rows)
    elif not rows:
        Console().print(nothing)
    else:
        table = Table(*columns)
        for row in rows:
            table.add_row(*(_cell(row.get(column)) for column in columns))
        Console().print(table)


def print_json(value: Any) -> None:
    """One JSON document on a line of its own."""
    sys.stdout.write(json.dumps(value, default=str) + "\n")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
