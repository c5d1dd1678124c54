"""The topics of a running stack, past every service: what stands in them, and writing to them as an intruder would."""

import asyncio
from collections.abc import Mapping

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.structs import ConsumerRecord

from chassis.broker import partitions, wire_name
from chassis.clock import now
from chassis.ids import new_id
from chassis.settings import Settings
from contracts.envelope import Envelope, to_headers
from contracts.topics import Topic

WITHIN_S = 60


async def everything(settings: Settings) -> list[ConsumerRecord]:
    """Every message of every topic, up to now. Raises TimeoutError, which says what was not read to its end.

    The end is what comes with a fetch: the embedded broker does not know it when it is asked.
    """
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.kafka, enable_auto_commit=False, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        wanted = partitions(settings, Topic)
        consumer.assign(wanted)
        found: list[ConsumerRecord] = []
        left = set(wanted)
        try:
            async with asyncio.timeout(WITHIN_S):
                while left:
                    for records in (await consumer.getmany(timeout_ms=500)).values():
                        found += records
                    ends = {place: consumer.highwater(place) for place in left}
                    left = {place for place, end in ends.items() if end is None or await consumer.position(place) < end}
        except TimeoutError:
            raise TimeoutError(f"not read to the end: {left}") from None
        return found
    finally:
        await consumer.stop()


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
