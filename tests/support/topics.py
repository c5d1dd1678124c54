"""The topics of a running stack, past every service: what stands in them, and writing to them as an intruder would."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.structs import ConsumerRecord, TopicPartition

from chassis.broker import partitions, wire_name
from chassis.clock import now
from chassis.ids import new_id
from chassis.settings import Settings
from contracts.envelope import Envelope, to_headers
from contracts.topics import Topic

READERS = 4
STALLED_MS = 15_000


async def everything(settings: Settings) -> list[ConsumerRecord]:
    """Every message of every topic, up to now; a reader that is given nothing for a while is replaced by another."""
    wanted = partitions(settings, Topic)
    found: list[ConsumerRecord] = []
    positions = dict.fromkeys(wanted, 0)
    async with _reader(settings, wanted) as reader:
        ends: dict[TopicPartition, int] = await reader.end_offsets(wanted)
    for _ in range(READERS):
        left = [place for place in wanted if positions[place] < ends[place]]
        async with _reader(settings, left) as reader:
            for place in left:
                reader.seek(place, positions[place])
            while left and (batch := await reader.getmany(timeout_ms=STALLED_MS)):
                for place, records in batch.items():
                    found += records
                    positions[place] = records[-1].offset + 1
                left = [place for place in left if positions[place] < ends[place]]
        if not left:
            return found
    raise TimeoutError(f"not read to the end: { {place: (positions[place], ends[place]) for place in left} }")


@asynccontextmanager
async def _reader(settings: Settings, places: Sequence[TopicPartition]) -> AsyncIterator[AIOKafkaConsumer]:
    reader = AIOKafkaConsumer(bootstrap_servers=settings.kafka, enable_auto_commit=False)
    try:
        await reader.start()
        reader.assign(places)
        yield reader
    finally:
        await reader.stop()


async def plant(settings: Settings, values: Mapping[Topic, tuple[str, bytes]]) -> dict[Topic, str]:
    """One message on each topic, of that event type and with these bytes; returns the keys, new for each."""
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka, acks="all")
    await producer.start()
    keys: dict[Topic, str] = {}
    try:
        for topic, (type_, value) in values.items():
            key = keys[topic] = new_id()
            envelope = Envelope(new_id(), "somebody", type_, key, now(), 1)
            await producer.send_and_wait(
                wire_name(settings, topic), value, key=key.encode(), headers=list(to_headers(envelope))
            )
    finally:
        await producer.stop()
    return keys
