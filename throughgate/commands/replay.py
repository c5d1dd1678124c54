"""`throughgate replay`: a topic's owner sends again what it keeps; consumers skip what they have seen."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from audit.operations.replay import replay_share_log
from chassis import clock
from chassis.db import Database
from chassis.unsent import unsend
from contracts.topics import Topic, specs
from throughgate.commands.common import (
    DEFAULT_DATA_DIR,
    DataDirOption,
    JsonOption,
    Refused,
    print_json,
    run,
    stack_at,
)


def replay(
    topic: Annotated[str, typer.Argument(metavar="TOPIC", help="For example share-log.")],
    since: Annotated[
        datetime | None,
        typer.Option("--from", help="Only what was written since then (UTC); else all that is kept."),
    ] = None,
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
    as_json: JsonOption = False,
) -> None:
    """Send a topic again: from its owner's outbox, which keeps 7 days; the share log from its beginning.

    Example: throughgate replay share-log --from 2026-03-02T00:00:00
    """
    if topic not in set(Topic):
        raise Refused(f"no such topic; there are {', '.join(sorted(Topic))}")
    stack = stack_at(data_dir)
    writers = [name.replace("-", "_") for name in specs()[Topic(topic)].producers]
    moment = since.replace(tzinfo=UTC) if since is not None else None
    count = sum(run(_resend(stack.databases[writer].owner_url, topic, moment)) for writer in writers)
    if as_json:
        print_json({"topic": topic, "writers": writers, "messages": count})
    else:
        typer.echo(f"{count} messages of {topic} will be sent again by {', '.join(writers)}")


async def _resend(url: str, topic: str, since: datetime | None) -> int:
    database = Database(url, pool_size=1)
    try:
        if topic == Topic.SHARE_LOG:
            return await _replay_log(database, since)
        return await unsend(database, topic=topic, since=since)
    finally:
        await database.close()


async def _replay_log(database: Database, since: datetime | None) -> int:
    """The share log keeps what its outbox forgets, so all of it can be sent again, as it was."""
    count, after = 0, 0
    while True:
        async with database.transaction() as session:
            versions = await replay_share_log(session, now=clock.now(), after=after, since=since)
        if not versions:
            return count
        count, after = count + len(versions), versions[-1]
