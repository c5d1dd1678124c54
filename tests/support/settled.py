"""Waiting until a running stack has nothing under way: every event sent, and taken by everyone who reads its topic."""

import asyncio
from collections import Counter

import psycopg

from tests.support.eventually import eventually
from tests.support.stack import RunningStack
from throughgate.local.datadir import DataDir

SETTLED_WITHIN = 180.0

_UNDER_WAY = (
    ("unsent", "SELECT count(*) FROM outbox WHERE sent_at IS NULL"),
    ("waiting", "SELECT count(*) FROM waiting"),
    ("parked", "SELECT count(*) FROM stream_position WHERE parked_at IS NOT NULL"),
)
_DUE = """
SELECT count(*) FROM person WHERE alias_of IS NULL AND (queued_at IS NOT NULL OR decide_again_at <= clock_timestamp())
"""
"""Consent's own queue: who is decided again because a policy changed or an instant has come."""
_FIRST = {"consent": (("to decide", _DUE),)}
_GIVEN = "SELECT topic, key, version FROM outbox_stream"
_TAKEN = "SELECT topic, key, version FROM stream_position"


def owner_urls(stack: RunningStack) -> dict[str, str]:
    """Each service's database, as the owner of its tables."""
    databases = DataDir.at(stack.data_dir).read_stack().databases
    return {name: urls.owner_url for name, urls in databases.items()}


def under_way(stack: RunningStack) -> dict[str, int]:
    """What has not come to its end, by service: persons to decide, unsent events, messages that wait, parked streams,
    streams behind."""
    found: Counter[str] = Counter()
    given: dict[tuple[str, str], int] = {}
    taken: dict[str, dict[tuple[str, str], int]] = {}
    for name, url in owner_urls(stack).items():
        with psycopg.connect(url) as connection:
            # What is decided is written to the outbox: who looked there first could miss it in both places.
            for what, query in (*_FIRST.get(name, ()), *_UNDER_WAY):
                row = connection.execute(query).fetchone()
                assert row is not None
                found[f"{name} {what}"] += int(row[0])
            given |= {(topic, key): version for topic, key, version in connection.execute(_GIVEN)}
            taken[name] = {(topic, key): version for topic, key, version in connection.execute(_TAKEN)}
    for name, positions in taken.items():
        topics = {topic for topic, _ in positions}
        for stream, version in given.items():
            if stream[0] in topics and positions.get(stream, 0) < version:
                found[f"{name} behind on {stream[0]}"] += 1
    return {what: count for what, count in found.items() if count}


async def settled(stack: RunningStack, *, every: float = 0.2) -> None:
    """Waits until nothing is under way any more."""

    async def nothing() -> bool:
        left = await asyncio.to_thread(under_way, stack)
        assert left == {}, left
        return True

    async def patient() -> bool:
        try:
            return await nothing()
        except psycopg.OperationalError as error:
            raise AssertionError("the database is not back yet") from error

    await eventually(patient, within=SETTLED_WITHIN, every=every)
