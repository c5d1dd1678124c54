"""What must hold when the dust has settled: judged from the client's record, the pollers' eyes and the log itself."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg

from tests.faults.client import FaultyWorld
from tests.faults.pollers import Poller
from tests.faults.traffic import RECIPIENTS, Life
from tests.support.eventually import eventually
from tests.support.stack import RunningStack
from tests.system.world import AUDITOR, CHARITY
from throughgate.local.datadir import DataDir
from throughgate.verifying import Verified, read_key, verify_log

SETTLED_WITHIN = 180.0

_UNDER_WAY = (
    ("unsent", "SELECT count(*) FROM outbox WHERE sent_at IS NULL"),
    ("waiting", "SELECT count(*) FROM waiting"),
    ("parked", "SELECT count(*) FROM stream_position WHERE parked_at IS NOT NULL"),
)
_GIVEN = "SELECT topic, key, version FROM outbox_stream"
_TAKEN = "SELECT topic, key, version FROM stream_position"


def owner_urls(stack: RunningStack) -> dict[str, str]:
    """Each service's database, as the owner of its tables."""
    databases = DataDir.at(stack.data_dir).read_stack().databases
    return {name: urls.owner_url for name, urls in databases.items()}


def under_way(stack: RunningStack) -> dict[str, int]:
    """What has not come to its end, by service: unsent events, messages that wait, parked streams, streams behind."""
    found: Counter[str] = Counter()
    given: dict[tuple[str, str], int] = {}
    taken: dict[str, dict[tuple[str, str], int]] = {}
    for name, url in owner_urls(stack).items():
        with psycopg.connect(url) as connection:
            for what, query in _UNDER_WAY:
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


async def settled(stack: RunningStack) -> None:
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

    await eventually(patient, within=SETTLED_WITHIN, every=0.2)


async def everything_holds(world: FaultyWorld, lives: Sequence[Life], pollers: Mapping[str, Poller]) -> Counter[str]:
    """Raises AssertionError with the first thing that does not; returns what was counted."""
    await settled(world.stack)
    counted: Counter[str] = Counter(lives=len(lives))
    for agency in RECIPIENTS:
        await _polled_once(pollers[agency])
    for life in lives:
        permits = await world.shares(life.person, category="release-date", decision="permitted")
        for agency in RECIPIENTS:
            mine = [permit for permit in permits if permit["recipient"] == agency]
            counted["delivered"] += _once_each(life, agency, pollers[agency], mine)
        if life.withdrawn:
            assert await world.release(CHARITY, life.person) is None, "a view outlived its consent"
            counted["withdrawn"] += 1
    await reconciled(world)
    found = await asyncio.to_thread(verified, world.stack)
    assert found.findings == (), found.findings
    counted["entries"] = found.entries
    return counted


async def _polled_once(poller: Poller) -> None:
    """No cursor skipped, none doubled, and the same item at the same cursor for ever."""

    async def caught_up() -> bool:
        whole = await poller.whole()
        assert len(poller.items) >= len(whole), f"{poller.agency}: {len(poller.items)} of {len(whole)}"
        return True

    await eventually(caught_up, within=60, every=0.2)
    whole = await poller.whole()
    seen = poller.seen()
    assert seen == whole, f"{poller.agency}: the live poller and the feed differ"
    assert len(set(seen)) == len(seen)
    places = [int(item["receipt"]["index"]) for item in poller.items]
    assert places == sorted(places), f"{poller.agency}: the feed went back"


def _once_each(life: Life, agency: str, poller: Poller, permits: Sequence[Mapping[str, Any]]) -> int:
    """Every date owed was met once and permitted once, in the order of its versions, and nothing else was."""
    owed = life.owed[agency]
    met = poller.dates(life.person.id)
    assert met == owed, f"{agency} was owed {owed} and met {met}"
    facts = [(permit["subject_ref"], permit["version"]) for permit in permits]
    assert facts == [life.facts[day] for day in owed], f"{agency}: the log has {facts} for {owed} of {life.facts}"
    return len(owed)


async def reconciled(world: FaultyWorld) -> None:
    """What feeds hold is what the log permits, agency by agency."""

    async def even() -> bool:
        found = await world.desk(AUDITOR).get("/reconciliation")
        uneven = {row["agency"]: row["missing"] for row in found["items"] if row["missing"]}
        assert uneven == {}, f"feeds lack permitted shares: {uneven}"
        return bool(found["items"])

    await eventually(even, within=60, every=0.2)


def verified(stack: RunningStack) -> Verified:
    """The whole log, checked with the public key alone."""
    with psycopg.connect(owner_urls(stack)["audit"]) as connection:
        return verify_log(connection, read_key(stack.data_dir / "keys" / "share-log.pub"))
