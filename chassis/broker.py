"""The broker as every part of a service meets it: topic names, topics made and checked, and its cluster id.

Both brokers speak the same protocol; what differs is a setting. A partition count unlike contracts/topics stops the
process, because keys would no longer meet their order.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError
from sqlalchemy import text

from chassis import logging
from chassis.db import AsyncSession
from chassis.settings import Settings
from contracts.topics import Topic, TopicSpec, specs

log = logging.get(__name__)

MAX_MESSAGE_BYTES = 16 * 1024 * 1024
"""A batch of the share log is one message."""

_DAY_MS = 24 * 60 * 60 * 1000
SEGMENT_MS = _DAY_MS // 2
"""A broker deletes whole segments, once the newest message of one is old enough. So a message is kept for the retention
and the time that its segment may grow, which together are the topic's `retention_days`."""


class WrongTopics(Exception):
    """A topic is missing or has another number of partitions than contracts/topics says."""


def wire_name(settings: Settings, topic: str) -> str:
    """The topic's name on this broker."""
    return settings.kafka_topic_prefix + topic


def own_name(settings: Settings, wire: str) -> str:
    return wire.removeprefix(settings.kafka_topic_prefix)


def partitions(settings: Settings, topics: Iterable[Topic]) -> list[TopicPartition]:
    """Every partition of these topics."""
    return [TopicPartition(wire_name(settings, t), number) for t in topics for number in range(specs()[t].partitions)]


@asynccontextmanager
async def _admin(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka, request_timeout_ms=10_000)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


async def cluster_id(settings: Settings) -> str:
    """What the broker calls itself; another value than before means a broker that lost its memory."""
    async with asyncio.timeout(15), _admin(settings) as admin:
        return str((await admin.describe_cluster())["cluster_id"])


async def ensure_topics(settings: Settings) -> None:
    """Makes missing topics and checks every one; raises WrongTopics. Safe to run from every process at once."""
    async with asyncio.timeout(60), _admin(settings) as admin:
        await _create(admin, settings, _wanted(settings).keys() - set(await admin.list_topics()))
        for attempt in range(10):
            wrong = await _wrong(admin, settings)
            if not wrong:
                return
            await asyncio.sleep(0.1 * (attempt + 1))
    raise WrongTopics(f"missing, or with other partitions than contracts/topics says: {', '.join(sorted(wrong))}")


async def force_topics(settings: Settings) -> bool:
    """Makes every topic as it must be, and anew if it is not: for a broker that has just started with an empty memory.

    A client that asked the embedded broker for a topic before this did has made it, with other partitions.
    False if the broker cannot be asked yet.
    """
    try:
        async with asyncio.timeout(30), _admin(settings) as admin:
            await _create(admin, settings, _wanted(settings).keys() - set(await admin.list_topics()))
            while wrong := await _wrong(admin, settings):
                await admin.delete_topics(sorted(wrong))
                await _create(admin, settings, wrong)
    except (KafkaError, OSError, TimeoutError):
        return False
    return True


def _wanted(settings: Settings) -> dict[str, TopicSpec]:
    return {wire_name(settings, spec.name): spec for spec in specs().values()}


def topic_configs(spec: TopicSpec) -> dict[str, str]:
    """What the broker is told of a topic when it is made."""
    return {
        "retention.ms": str(spec.retention_days * _DAY_MS - SEGMENT_MS),
        "segment.ms": str(SEGMENT_MS),
        "max.message.bytes": str(MAX_MESSAGE_BYTES),
    }


async def _create(admin: AIOKafkaAdminClient, settings: Settings, names: Iterable[str]) -> None:
    """Asks for these topics. An answer carries its errors by topic; what counts is what is there afterwards."""
    wanted = _wanted(settings)
    topics = [
        NewTopic(
            name,
            num_partitions=wanted[name].partitions,
            replication_factor=settings.kafka_replication,
            topic_configs=topic_configs(wanted[name]),
        )
        for name in sorted(names)
    ]
    if topics:
        await admin.create_topics(topics)


async def _wrong(admin: AIOKafkaAdminClient, settings: Settings) -> set[str]:
    """Topics that are missing or have another number of partitions than they must."""
    wanted = _wanted(settings)
    found = {entry["topic"]: len(entry["partitions"]) for entry in await admin.describe_topics(sorted(wanted))}
    return {name for name, spec in wanted.items() if found.get(name) != spec.partitions}


async def is_another(session: AsyncSession, part: str, cluster: str) -> bool:
    """Whether this part of the service spoke to another broker before: one that lost its memory since."""
    before = await session.scalar(text("SELECT cluster_id FROM broker_seen WHERE part = :part"), {"part": part})
    changed = before is not None and before != cluster
    if changed:
        log.warning("broker.lost_its_memory", task=part, cluster_id=cluster)
    return changed


async def remember(session: AsyncSession, part: str, cluster: str) -> None:
    """This part has done what a new broker asks for: in the transaction of that, or after it, and never before."""
    await session.execute(
        text(
            "INSERT INTO broker_seen (part, cluster_id) VALUES (:part, :cluster)"
            " ON CONFLICT (part) DO UPDATE SET cluster_id = :cluster"
        ),
        {"part": part, "cluster": cluster},
    )


async def is_still(session: AsyncSession, part: str, cluster: str) -> bool:
    """Whether that is the broker this part speaks to; until the transaction's end it cannot become another one."""
    seen = text("SELECT cluster_id FROM broker_seen WHERE part = :part FOR SHARE")
    return bool(await session.scalar(seen, {"part": part}) == cluster)
