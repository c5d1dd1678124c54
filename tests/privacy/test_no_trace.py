"""Names, numbers, addresses and words of people leave no trace outside tables and the bodies of messages."""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from aiokafka.structs import ConsumerRecord

from chassis.clock import now
from contracts.registry import EVENTS
from contracts.topics import Topic
from tests.privacy.conftest import Lived
from tests.privacy.marked import NHS, NOMS, TRACES, WORD, word
from tests.privacy.telemetry import FOLLOWED, metrics_tell_of_nobody, spans_tell_of_nobody
from tests.support.collector import Collector
from tests.support.eventually import eventually
from tests.support.settled import READERS, owner_urls
from tests.support.stack import RunningStack
from tests.support.topics import everything, plant
from tests.support.traces import traces
from tests.system.world import PROBATION
from throughgate.local.datadir import DataDir


def _planted() -> dict[Topic, tuple[str, bytes]]:
    """On every topic an event of a type that belongs there, with a body that nobody can take."""
    types = {cls.TOPIC: type_ for type_, cls in EVENTS.items()}
    body = json.dumps({"person_id": NOMS, word(): {"family": word(), "nhs": NHS}}).encode()
    return {topic: (type_, body) for topic, type_ in types.items()}


async def _parked(data_dir: Path) -> list[dict[str, Any]]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "throughgate", "parked", "list", "--json", "--data-dir", str(data_dir)),
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()
    assert not [trace for trace in TRACES if trace in said.decode().lower()], "the parked list tells of a person"
    found: list[dict[str, Any]] = json.loads(said)
    return found


def _parking(keys: dict[Topic, str]) -> set[tuple[str, str, str]]:
    """Service, topic and key, for everyone who reads the topic; in the log's own what nobody signed takes no turn."""
    return {
        (reader, str(topic), key)
        for topic, key in keys.items()
        if topic is not Topic.SHARE_LOG
        for reader in READERS[topic]
    }


def _told(messages: Sequence[ConsumerRecord], keys: Collection[str]) -> set[Topic]:
    """The topics that tell of the person in messages that no test wrote there."""
    own = {key.encode() for key in keys}
    told = [message for message in messages if message.key not in own and WORD.encode() in (message.value or b"")]
    return {topic for topic in Topic if any(message.topic.endswith(str(topic)) for message in told)}


def _traced(collector: Collector, before: Counter[str]) -> bool:
    """Whether every process on the way of a push has sent spans since; it sends them in order."""
    since = Counter(span.service for span in collector.spans()) - before
    return all(since[service] for service, _ in FOLLOWED)


def _held(stack: RunningStack) -> dict[str, set[str]]:
    """By service, the tables that hold words of the person; what is parked and the outbox are on their way only."""
    password = DataDir.at(stack.data_dir).secrets(["postgres"])["postgres"]
    passing = {"waiting", "outbox", "idempotency_record"}
    return {name: set(traces(url, [WORD], but=passing, password=password)) for name, url in owner_urls(stack).items()}


async def test_nothing_of_a_person_is_in_logs_parked_lists_problems_headers_or_keys(
    lived: Lived, collector: Collector
) -> None:
    world = lived.world
    for answer in lived.refused:
        assert answer.status < 500, answer.body
        said = (answer.body.decode() + str(dict(answer.headers))).lower()
        if not answer.ok:
            assert not [trace for trace in TRACES if trace in said], f"a problem says again what was sent: {said}"

    settings = world.stack.broker
    before = Counter(span.service for span in collector.spans())
    keys = await plant(settings, _planted())

    async def parked() -> bool:
        found = {(each["service"], each["topic"], each["key"]) for each in await _parked(world.stack.data_dir)}
        assert found >= _parking(keys), f"set aside by nobody: {sorted(_parking(keys) - found)}"
        return True

    await eventually(parked, within=60, every=1)
    assert all(each["key"] in keys.values() for each in await _parked(world.stack.data_dir)), "another stream is parked"
    another = await world.person()
    day = now().date() + timedelta(days=50)
    await world.push(another, day)
    await world.supervise(another)
    await world.sees(PROBATION, another, day)

    messages = await everything(settings)
    assert len(messages) > 20
    told = _told(messages, keys.values())
    assert told >= {Topic.OFFERS, Topic.SHARE_LOG, Topic.CONSENT_EVENTS}, f"the words came no further than {told}"
    held = _held(world.stack)
    assert all(held.values()), f"the words did not come this far: {held}"
    for message in messages:
        outside = repr((message.key, message.headers)).lower()
        assert not [trace for trace in TRACES if trace in outside], f"{message.topic}: {outside}"
    logs = world.stack.process.logs()
    assert len(logs) >= 8
    assert any(log.stat().st_size for log in logs)
    assert world.stack.process.telling(["automatic recovery in progress"]), "the database did not die"
    for log in logs:
        for line in log.read_text(errors="replace").lower().splitlines():
            assert not [trace for trace in TRACES if trace in line], f"{log.name}: {line}"
    await eventually(partial(_traced, collector, before), within=30, every=0.5)
    spans_tell_of_nobody(collector)
    metrics_tell_of_nobody(lived)
