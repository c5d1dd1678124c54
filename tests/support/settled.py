"""Waiting until a running stack has nothing under way: every event sent, and taken by everyone who reads its topic."""

import asyncio
import math
from collections import Counter

import psycopg

from contracts.topics import Topic, specs
from tests.support.eventually import eventually
from tests.support.stack import RunningStack
from throughgate.local.datadir import DataDir

SETTLED_WITHIN = 180.0
"""Seconds in which what is under way gets less."""

_UNDER_WAY = (
    ("unsent", "SELECT count(*) FROM outbox WHERE sent_at IS NULL"),
    ("waiting", "SELECT count(*) FROM waiting"),
    ("parked", "SELECT count(*) FROM stream_position WHERE parked_at IS NOT NULL"),
)
_DUE = """
SELECT count(*) FROM person WHERE alias_of IS NULL AND (queued_at IS NOT NULL OR decide_again_at <= clock_timestamp())
"""
"""Consent's own queue: who is decided again because a policy changed or an instant has come."""
_OWN = {"consent": (("to decide", _DUE),)}
_GIVEN = "SELECT topic, key, version FROM outbox_stream"
_TAKEN = "SELECT topic, key, version FROM stream_position"
READERS = {
    topic: {each.removesuffix("-projector").replace("-", "_") for each in spec.consumers}
    for topic, spec in specs().items()
}
"""Whose databases remember how far a topic was read."""


def owner_urls(stack: RunningStack) -> dict[str, str]:
    """Each service's database, as the owner of its tables."""
    databases = DataDir.at(stack.data_dir).read_stack().databases
    return {name: urls.owner_url for name, urls in databases.items()}


def under_way(stack: RunningStack) -> Counter[str]:
    """What has not come to its end, by service: persons to decide, unsent events, messages that wait, parked streams,
    streams behind.

    Each database is looked at as it was at one instant. What a service takes and what it gives on are one commit, so
    nothing is on its way from one to the next without being missing at one of them, in whichever order they are asked.
    """
    found: Counter[str] = Counter()
    given: dict[tuple[str, str], int] = {}
    taken: dict[str, dict[tuple[str, str], int]] = {}
    for name, url in owner_urls(stack).items():
        with psycopg.connect(url) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            for what, query in (*_OWN.get(name, ()), *_UNDER_WAY):
                row = connection.execute(query).fetchone()
                assert row is not None
                found[f"{name} {what}"] += int(row[0])
            given |= {(topic, key): version for topic, key, version in connection.execute(_GIVEN)}
            taken[name] = {(topic, key): version for topic, key, version in connection.execute(_TAKEN)}
    for (topic, key), version in given.items():
        for name in READERS[Topic(topic)]:
            found[f"{name} behind on {topic}"] += taken[name].get((topic, key), 0) < version
    return +found


async def settled(stack: RunningStack, *, every: float = 0.2) -> None:
    """Waits until nothing is under way any more, however much it is: for as long as it gets less."""
    fewest: float = math.inf

    async def fewer() -> bool:
        nonlocal fewest
        try:
            left = await asyncio.to_thread(under_way, stack)
        except psycopg.OperationalError as error:
            raise AssertionError("the database is not back yet") from error
        assert left.total() < fewest, left
        fewest = left.total()
        return True

    await eventually(fewer, within=SETTLED_WITHIN, every=every)
    while fewest:
        await asyncio.sleep(every)
        await eventually(fewer, within=SETTLED_WITHIN, every=every)
