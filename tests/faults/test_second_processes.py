"""Consent, audit and the projector run twice at once over the same databases and topics, with lives going on.

On the embedded broker both of each meet every message; on Apache Kafka they share the partitions out, and of a topic of
one partition one of them is given nothing until the other is gone. One relay of each leads, and the other takes over in
the middle of a wave of it.
"""

import asyncio
from contextlib import AsyncExitStack

import pytest

from contracts.topics import Topic
from tests.faults.conftest import Scene
from tests.faults.going_on import lives_going_on
from tests.faults.seconds import Second, second
from tests.support.eventually import eventually

SENDERS = ("consent", "audit")
PROJECTOR = "gateway-projector"
TWICE = (*SENDERS, PROJECTOR)
TOGETHER = 4
"""Lives that begin while both of each are there and nobody dies."""


async def _both_work(scene: Scene, seconds: dict[str, Second]) -> None:
    """Each second consumes, and each that sends leads for a while; then lives go by both."""
    shared_out = scene.kafka is not None
    dies_at = Second.takes_over_and_dies_at if shared_out else Second.dies_at
    async with asyncio.TaskGroup() as dying:
        for each in seconds.values():
            dying.create_task(dies_at(each, "consumer.before_commit"))
    if shared_out:
        await seconds[PROJECTOR].begins_with_nothing(Topic.SHARE_DENIALS)
    else:
        await seconds[PROJECTOR].both_read(each_topic=2)
    async with asyncio.TaskGroup() as leading:
        for service in SENDERS:
            leading.create_task(seconds[service].leads_and_dies_at("relay.mid_wave"))
    begun = len(scene.traffic.lives)
    await eventually(lambda: scene.traffic.lives[begun + TOGETHER :], within=120)


async def _twice_at_once(scene: Scene) -> None:
    async with AsyncExitStack() as both:
        seconds = {service: await both.enter_async_context(second(scene.processes, service)) for service in TWICE}
        for each in seconds.values():
            await each.answers()
        async with lives_going_on(scene) as going:
            await going.meanwhile(_both_work(scene, seconds))
    print(f"\ntwice at once: {dict(going.counted)}, {dict(scene.world.answers.codes)}")


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_two_processes_of_a_service_lose_and_double_nothing(scene: Scene) -> None:
    await _twice_at_once(scene)


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_the_same_on_apache_kafka(kafka_scene: Scene) -> None:
    await _twice_at_once(kafka_scene)
