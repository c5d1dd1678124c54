"""`throughgate up`: the whole of it on this machine, until Ctrl-C."""

import asyncio
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table

from throughgate.commands.common import DEFAULT_DATA_DIR, DataDirOption, JsonOption, Refused
from throughgate.local.broker import BrokerMissing
from throughgate.local.child import CannotRun
from throughgate.local.datadir import AlreadyRunning
from throughgate.local.events import Answering, Died, Event, Ready, Started, Stopped
from throughgate.local.postgres import PostgresFailed, PostgresMissing
from throughgate.local.stack import CannotStart, Options, Stack

REFUSALS = (AlreadyRunning, CannotStart, CannotRun, PostgresFailed, PostgresMissing, BrokerMissing)


def up(
    port: Annotated[int, typer.Option(help="The one port that every gateway is on.", min=1, max=65535)] = 8000,
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
    kafka: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="A Kafka that is there; else the embedded broker.")
    ] = "",
    database: Annotated[
        str,
        typer.Option(
            metavar="URL",
            help="A PostgreSQL that is there, as a role that may create databases and roles; else the embedded one.",
            envvar="THROUGHGATE_ADMIN_DATABASE_URL",
            show_envvar=True,
        ),
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Start a broker, PostgreSQL, every service and a development issuer; watch them until Ctrl-C.

    A second start on the same folder keeps everything.

    Example: throughgate up --port 8000 --data-dir .throughgate
    """
    options = Options(port=port, data_dir=data_dir, kafka=kafka, database=database)
    try:
        if as_json:
            asyncio.run(until_told(Stack(options, json_line)))
        elif sys.stdout.isatty():
            board = _Board(data_dir)
            with Live(console=Console(), get_renderable=board.table, refresh_per_second=4):
                asyncio.run(until_told(Stack(options, board.take)))
        else:
            asyncio.run(until_told(Stack(options, _plain_line)))
    except REFUSALS as error:
        raise Refused(str(error)) from error


async def until_told(stack: Stack) -> None:
    """The first Ctrl-C or SIGTERM stops in order; a second one ends this process, and with it all it started."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)

    def told() -> None:
        stop.set()
        for each in signals:
            loop.remove_signal_handler(each)

    for each in signals:
        loop.add_signal_handler(each, told)
    await stack.run(stop)


def json_line(event: Event) -> None:
    _write(event.line())


def _plain_line(event: Event) -> None:
    match event:
        case Started(service=service, pid=pid):
            _write(f"started  {service} (process {pid})")
        case Answering(service=service):
            _write(f"answers  {service}")
        case Died(service=service, code=code, again_in=again_in):
            _write(f"died     {service} (code {code}), again in {again_in} s")
        case Stopped(service=service):
            _write(f"stopped  {service}")
        case Ready(url=url):
            _write(f"ready    {url}")


def _write(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


class _Board:
    """The live table: one row for each process, in the order in which they were first started."""

    def __init__(self, data_dir: Path) -> None:
        self._rows: dict[str, tuple[str, str, str]] = {}
        self._logs = data_dir / "logs"
        self._url = ""

    def take(self, event: Event) -> None:
        match event:
            case Started(service=service, pid=pid, restarts=restarts):
                self._rows[service] = ("[yellow]starting", str(pid), str(restarts) if restarts else "")
            case Answering(service=service):
                self._rows[service] = ("[green]up", *self._rows[service][1:])
            case Died(service=service, code=code, again_in=again_in):
                self._rows[service] = (f"[red]died ({code}), again in {again_in} s", "", self._rows[service][2])
            case Stopped(service=service):
                self._rows[service] = ("[dim]stopped", "", self._rows[service][2])
            case Ready(url=url):
                self._url = url

    def table(self) -> Table:
        caption = f"{self._url}/<kind>/docs — Ctrl-C stops" if self._url else "starting; logs: " + str(self._logs)
        table = Table("service", "state", "process", "restarts", title="Throughgate", caption=caption)
        for service, row in self._rows.items():
            table.add_row(service, *row)
        return table
