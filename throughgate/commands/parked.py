"""`throughgate parked`: streams that wait because one of their messages cannot be applied.

Never shows content: a parked message is named by service, topic, key, version, type and reason.
"""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Annotated, Any, TypeVar

import typer

from chassis import parked as streams
from chassis.db import AsyncSession, Database
from throughgate.commands.common import (
    DEFAULT_DATA_DIR,
    DataDirOption,
    JsonOption,
    Refused,
    print_json,
    run,
    show,
    stack_at,
)
from throughgate.local.datadir import StackFile

T = TypeVar("T")

COLUMNS = ("service", "topic", "key", "version", "type", "reason", "parked_at", "waiting")

app = typer.Typer(
    help="Streams that wait because one of their messages cannot be applied; everyone else goes on."
    "\n\nExample: throughgate parked list",
    no_args_is_help=True,
)

Service = Annotated[str, typer.Argument(help="Which service set it aside, as `parked list` names it.")]
TopicArgument = Annotated[str, typer.Argument(metavar="TOPIC")]
Key = Annotated[str, typer.Argument(metavar="KEY", help="The stream's key: an opaque id.")]


@app.command("list")
def list_parked(data_dir: DataDirOption = DEFAULT_DATA_DIR, as_json: JsonOption = False) -> None:
    """All parked streams of all services.

    Example: throughgate parked list --json
    """
    show(run(_all(stack_at(data_dir))), COLUMNS, as_json=as_json, nothing="No stream is parked.")


@app.command("show")
def show_one(
    service: Service,
    topic: TopicArgument,
    key: Key,
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
    as_json: JsonOption = False,
) -> None:
    """One parked stream.

    Example: throughgate parked show consent offers 0199c7d2-5f4b-7c7e-9a51-6f3c2b1d0e4f
    """
    found = run(_in(stack_at(data_dir), service, lambda session: streams.show_parked(session, topic=topic, key=key)))
    row = {"service": service, **asdict(found)}
    if as_json:
        print_json(row)
    else:
        for name in COLUMNS:
            typer.echo(f"{name:10} {row[name]}")


@app.command("retry")
def retry(
    service: Service,
    topic: TopicArgument,
    key: Key,
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
    as_json: JsonOption = False,
) -> None:
    """Let the stream try again, from the message that failed.

    Example: throughgate parked retry consent offers 0199c7d2-5f4b-7c7e-9a51-6f3c2b1d0e4f
    """
    run(_in(stack_at(data_dir), service, lambda session: streams.retry_parked(session, topic=topic, key=key)))
    _done("retried", service, topic, key, as_json=as_json)


@app.command("skip")
def skip(
    service: Service,
    topic: TopicArgument,
    key: Key,
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
    as_json: JsonOption = False,
) -> None:
    """Give up the message that failed, for good, and go on with those behind it.

    Example: throughgate parked skip consent offers 0199c7d2-5f4b-7c7e-9a51-6f3c2b1d0e4f
    """
    run(_in(stack_at(data_dir), service, lambda session: streams.skip_parked(session, topic=topic, key=key)))
    _done("skipped", service, topic, key, as_json=as_json)


def _done(outcome: str, service: str, topic: str, key: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"outcome": outcome, "service": service, "topic": topic, "key": key})
    else:
        typer.echo(f"{outcome}: {service} {topic} {key}")


async def _all(stack: StackFile) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for service in stack.databases:
        parked_here = await _in(stack, service, streams.list_parked)
        rows.extend({"service": service, **asdict(found)} for found in parked_here)
    return rows


async def _in(stack: StackFile, service: str, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
    """Do `work` in one transaction of the service's database. Raises Refused."""
    if service not in stack.databases:
        raise Refused(f"no such service; there are {', '.join(sorted(stack.databases))}")
    database = Database(stack.databases[service].owner_url, pool_size=1)
    try:
        async with database.transaction() as session:
            return await work(session)
    except streams.NotParked as error:
        raise Refused("no parked stream has this topic and key in that service") from error
    finally:
        await database.close()
