"""Malformed events on every topic: each parks its own stream at everyone who reads the topic, and nothing else."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from sqlalchemy import text

from chassis import parked
from chassis.broker import ensure_topics, wire_name
from chassis.clock import now
from chassis.consumer import Consumer
from chassis.ids import new_id
from chassis.settings import Environment, Settings
from contracts.envelope import Envelope, to_headers
from contracts.log import LogAppendedV1
from contracts.registry import EVENTS
from contracts.topics import Topic, specs
from tests.badinput.forging import forgery, seen_by_both, told_of
from tests.badinput.malformed import UNREADABLE, Record, events_spoilt
from tests.support.broker import Broker
from tests.support.eventually import eventually
from tests.support.pipe import Pipe, piped
from tests.support.postgres import MakeDatabase

PARKING = [topic for topic in Topic if topic is not Topic.SHARE_LOG]
"""Topics whose readers believe what stands there. Of the log's only what the log signed takes a turn at all."""
EXAMPLES = Path(__file__).resolve().parents[2] / "contracts" / "examples"
WITHIN = 150.0


@dataclass(frozen=True)
class Reading:
    """Every consumer there is, reading from a broker, and a way to write to its topics past every service."""

    pipe: Pipe
    settings: Settings
    producer: AIOKafkaProducer

    def of(self, topic: Topic) -> list[Consumer]:
        return [consumer for consumer in self.pipe.consumers if topic in consumer.topics]

    async def write(self, topic: Topic, *records: Record) -> None:
        for key, value, headers in records:
            await self.producer.send_and_wait(wire_name(self.settings, topic), value, key=key, headers=list(headers))


@pytest.fixture(scope="module", params=["embedded_server", "kafka_broker"], ids=["embedded", "kafka"])
async def reading(make_database: MakeDatabase, request: pytest.FixtureRequest) -> AsyncIterator[Reading]:
    server: Broker = request.getfixturevalue(request.param)
    broker: dict[str, Any] = replace(server, prefix=f"bad-{new_id()}.").settings
    settings = Settings(environment=Environment.TEST, **broker)
    await ensure_topics(settings)
    stop = asyncio.Event()
    async with (
        piped(make_database, parking=True, **broker) as pipe,
        AIOKafkaProducer(bootstrap_servers=settings.kafka, max_request_size=4_000_000) as producer,
    ):
        running = [asyncio.create_task(consumer.run(stop)) for consumer in pipe.consumers]
        yield Reading(pipe, settings, producer)
        stop.set()
        await asyncio.gather(*running)


def example(type_: str, key: str) -> dict[str, Any]:
    """A published example of the event, in a stream of its own; an erasure of nobody whom others are about."""
    found: dict[str, Any] = json.loads(min((EXAMPLES / type_).glob("*.json")).read_bytes())
    found |= {"person_ids": [key]} if "person_ids" in found else {}
    return found | {EVENTS[type_].KEY: key}


def record(type_: str, key: str, value: bytes, version: int = 1) -> Record:
    headers = to_headers(Envelope(new_id(), "somebody", type_, key, now(), version))
    return key.encode(), value, headers


def good(type_: str, key: str, version: int = 1) -> Record:
    return record(type_, key, json.dumps(example(type_, key)).encode(), version)


async def standing(consumer: Consumer, topic: Topic) -> dict[str, tuple[int, str | None]]:
    """Of every stream of the topic: how far it was applied, and why it is parked if it is."""
    async with consumer.database.session() as session:
        query = "SELECT key, version, parked_reason FROM stream_position WHERE topic = :topic"
        return {
            row.key: (row.version, row.parked_reason) for row in await session.execute(text(query), {"topic": topic})
        }


async def waiting(consumer: Consumer, topic: Topic, keys: Sequence[str]) -> dict[str, int]:
    async with consumer.database.session() as session:
        return {
            each.key: each.waiting
            for each in await parked.list_parked(session)
            if each.topic == topic and each.key in keys
        }


def test_the_consumers_of_every_topic_are_here(reading: Reading) -> None:
    for topic, spec in specs().items():
        assert len(reading.of(topic)) == len(spec.consumers), topic
    assert {event.TOPIC for event in EVENTS.values()} == set(Topic)


@pytest.mark.parametrize("topic", PARKING)
async def test_a_malformed_event_parks_its_stream_and_the_others_go_on(reading: Reading, topic: Topic) -> None:
    bad, fine = dict[str, str](), list[str]()
    first, *others = specs()[topic].types
    for type_ in (first, *others):
        spoilt = events_spoilt(EVENTS[type_], example(type_, new_id()))
        for why, value in spoilt.items() if type_ == first else [("without its key", spoilt["without its key"])]:
            bad[key := new_id()] = f"{type_}: {why}"
            fine.append(other := new_id())
            await reading.write(topic, record(type_, key, value), good(type_, other), good(type_, key, 2))
    await seen_through(reading, topic, bad, fine)
    for consumer in reading.of(topic):
        await eventually(partial(_wait_behind, consumer, topic, bad), within=WITHIN)


async def _wait_behind(consumer: Consumer, topic: Topic, bad: dict[str, str]) -> bool:
    """The bad message waits, and so does the one that was written behind it, which comes last of all."""
    assert await waiting(consumer, topic, list(bad)) == dict.fromkeys(bad, 2), consumer.group
    return True


async def test_what_the_log_did_not_sign_shows_nothing_and_takes_no_turn_in_its_stream(reading: Reading) -> None:
    (projector,) = reading.of(Topic.SHARE_LOG)
    person_id = await told_of(reading.pipe)
    before, log = await standing(projector, Topic.SHARE_LOG), LogAppendedV1.TYPE
    ((key, (version, _)),) = [(key, found) for key, found in before.items() if not key.startswith("?")]
    shown, forged = await seen_by_both(reading.pipe, person_id), await forgery(reading.pipe, person_id)
    spoilt = events_spoilt(LogAppendedV1, example(log, key))
    for value in (*spoilt.values(), json.dumps(example(log, key)).encode(), forged.model_dump_json().encode()):
        await reading.write(Topic.SHARE_LOG, record(log, key, value, version + 1))
    await reading.write(Topic.SHARE_LOG, *(good(spec.types[0], key, version + 1) for spec in specs().values()))
    end = good(log, new_id())
    await reading.write(Topic.SHARE_LOG, (None, *end[1:]))
    await eventually(lambda: _have_come(projector, Topic.SHARE_LOG, len(before) + 1), within=WITHIN)
    assert await seen_by_both(reading.pipe, person_id) == shown
    after = await standing(projector, Topic.SHARE_LOG)
    assert after[key] == (version, None)
    assert await waiting(projector, Topic.SHARE_LOG, [key]) == {}


async def _have_come(consumer: Consumer, topic: Topic, streams: int) -> bool:
    return len(await standing(consumer, topic)) >= streams


@pytest.mark.parametrize("topic", PARKING)
async def test_an_event_of_another_stream_is_taken_from_nobody(reading: Reading, topic: Topic) -> None:
    """Whoever may write to one topic tells nobody what belongs on another, and of a person in nobody else's stream."""
    bad, fine = dict[str, str](), list[str]()
    foreign = [spec.types[0] for other, spec in specs().items() if other != topic]
    of_another = [(type_, None) for type_ in foreign] + [(type_, new_id()) for type_ in specs()[topic].types]
    for type_, whose in of_another:
        bad[key := new_id()] = f"{type_} of {'another person' if whose else 'another topic'}"
        fine.append(other := new_id())
        value = json.dumps(example(type_, whose or key)).encode()
        await reading.write(topic, record(type_, key, value), good(specs()[topic].types[0], other))
    await seen_through(reading, topic, bad, fine, reason="misplaced-event")


@pytest.mark.parametrize("topic", Topic)
async def test_a_message_that_has_no_stream_is_set_aside_alone(reading: Reading, topic: Topic) -> None:
    before = {consumer.group: set(await standing(consumer, topic)) for consumer in reading.of(topic)}
    type_ = specs()[topic].types[0]
    fine = []
    for spoil in UNREADABLE.values():
        fine.append(other := new_id())
        await reading.write(topic, spoil(good(type_, new_id())), good(type_, other))
    fine = fine if topic in PARKING else []
    await seen_through(reading, topic, {}, fine)
    for consumer in reading.of(topic):
        come = len(before[consumer.group]) + len(UNREADABLE) + len(fine)
        await eventually(partial(_have_come, consumer, topic, come), within=WITHIN)
        found = await standing(consumer, topic)
        new = {key: found[key] for key in set(found) - before[consumer.group] - set(fine)}
        assert list(new.values()) == [(0, "unreadable-message")] * len(UNREADABLE), consumer.group
        assert all(key.startswith("?") for key in new)


async def seen_through(
    reading: Reading, topic: Topic, bad: dict[str, str], fine: Sequence[str], *, reason: str = "malformed"
) -> None:
    """Until every consumer of the topic has parked all that is bad and applied all that is not."""
    for consumer in reading.of(topic):

        async def done(consumer: Consumer = consumer) -> bool:
            found = await standing(consumer, topic)
            return all(key in found and found[key] != (0, None) for key in (*bad, *fine))

        await eventually(done, within=WITHIN)
        found = await standing(consumer, topic)
        wrong = {why: found[key] for key, why in bad.items() if found[key] != (0, reason)}
        assert not wrong, f"{consumer.group} took or lost {wrong}"
        assert {found[key] for key in fine} <= {(1, None)}, f"{consumer.group} keeps others waiting"
