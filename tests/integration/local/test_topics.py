"""A broker that has just started gets the topics of contracts/topics, whatever a client made of them before."""

from collections.abc import Callable

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from chassis.broker import WrongTopics, ensure_topics, force_topics
from chassis.settings import Settings
from contracts.topics import Topic, specs
from tests.support.broker import EmbeddedBroker
from throughgate.local.ports import free_port


async def partitions(settings: Settings) -> dict[str, int]:
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka)
    await admin.start()
    try:
        described = await admin.describe_topics(await admin.list_topics())
    finally:
        await admin.close()
    return {topic["topic"]: len(topic["partitions"]) for topic in described}


def as_they_must_be() -> dict[str, int]:
    return {str(name): spec.partitions for name, spec in specs().items()}


async def test_a_topic_that_a_client_made_by_asking_for_it_is_made_anew(
    make_broker: Callable[[], EmbeddedBroker],
) -> None:
    settings = Settings.model_validate(make_broker().broker.settings)
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka)
    await producer.start()
    await producer.send_and_wait(Topic.SHARE_LOG, b"too early")
    await producer.stop()
    assert (await partitions(settings))[Topic.SHARE_LOG] != specs()[Topic.SHARE_LOG].partitions
    with pytest.raises(WrongTopics, match="share-log"):
        await ensure_topics(settings)
    assert await force_topics(settings)
    assert await partitions(settings) == as_they_must_be()
    await ensure_topics(settings)


async def test_an_empty_broker_gets_all_topics_and_keeps_them(make_broker: Callable[[], EmbeddedBroker]) -> None:
    settings = Settings.model_validate(make_broker().broker.settings)
    assert await force_topics(settings)
    assert await force_topics(settings)
    assert await partitions(settings) == as_they_must_be()


async def test_a_broker_that_does_not_answer_has_no_topics_yet() -> None:
    assert not await force_topics(Settings(kafka=f"127.0.0.1:{free_port()}"))
