"""`throughgate load`: release dates from a file, through the bulk endpoint."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from chassis.http_client import ServiceClient
from throughgate.client import Desk, UnknownAgency, kind_of
from throughgate.client import Refused as GatewayRefused
from throughgate.commands.common import JsonOption, Refused, print_json, run
from throughgate.loading.formats import COLUMNS, UnknownFormat, read
from throughgate.loading.push import Summary, push_all
from throughgate.loading.rejected import NotKept, RejectedLines, place_beside
from throughgate.local.programs import deploy_dir


def load(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Bulk NDJSON, published cases, or CSV.")],
    agency: Annotated[str, typer.Option(help="The prison that pushes.")],
    url: Annotated[str, typer.Option(help="The stack's address.")] = "http://127.0.0.1:8000",
    rate: Annotated[float, typer.Option(help="Lines a second at most; 0 for as fast as it goes.", min=0)] = 0,
    rejected: Annotated[
        Path | None,
        typer.Option(
            dir_okay=False,
            help="Where rejected lines go; by default FILE.rejected.ndjson beside FILE, or in the current folder where"
            " nothing can be written beside it.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Push release dates from a file; rejected lines are kept with their reason, for another try.

    The file of rejected lines is made with the first of them, in place of an earlier one; without any there is none.

    CSV has a header with at least prison_number, date_type and date; status, reason, family, given and date_of_birth
    may follow, and the last three register a person whom nobody knows yet.

    Of the Ministry of Justice's published cases two have no date of birth, and nobody is registered without one: their
    eight lines are rejected unless the prison has received these people before.

    Exits 0 when every line was read by the gateway, rejected ones included; 1 when it could not be, or when a rejected
    line could not be kept.

    Example: throughgate load releases.csv --agency hmp-northgate
    """
    try:
        kind = kind_of(agency, deploy_dir())
        total = sum(1 for _ in read(file))
    except UnknownAgency as error:
        raise Refused(str(error)) from error
    except UnknownFormat as error:
        raise Refused(f"the file is neither NDJSON nor CSV with the columns {', '.join(COLUMNS[:3])}") from error
    kept = RejectedLines(rejected or place_beside(file))
    if kept.path.exists() and kept.path.samefile(file):
        raise Refused("--rejected names the file that is loaded")
    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        disable=as_json or not console.is_terminal,
    ) as bar:
        task = bar.add_task("release dates", total=total)
        try:
            summary = run(_load(file, kept, agency, kind, url, rate or None, lambda done: bar.advance(task, done)))
        except (GatewayRefused, NotKept) as error:
            raise Refused(str(error)) from error
    _show(summary, kept.path, as_json=as_json)


async def _load(
    file: Path,
    kept: RejectedLines,
    agency: str,
    kind: str,
    url: str,
    rate: float | None,
    progress: Callable[[int], None],
) -> Summary:
    with kept:
        async with ServiceClient(url, timeout_s=120) as http:
            return await push_all(Desk(http, agency, kind), read(file), rejected=kept, rate=rate, progress=progress)


def _show(summary: Summary, rejected: Path, *, as_json: bool) -> None:
    if as_json:
        kept = {"rejected_file": str(rejected)} if summary.outcomes["rejected"] else {}
        print_json(summary.as_json() | kept)
        return
    table = Table("outcome", "lines")
    for outcome, count in sorted(summary.outcomes.items()):
        table.add_row(outcome, f"{count:,}")
    for code, count in sorted(summary.codes.items()):
        table.add_row(f"  {code}", f"{count:,}")
    Console().print(table)
    if summary.outcomes["rejected"]:
        typer.echo(f"Rejected lines, with their reasons: {rejected}")
