"""kill -9 of any process at any moment, of the broker, which loses everything, and of PostgreSQL, with lives going on.

KILLS says how many (`make faults`: 200; without it: 6); where processes also stand still that comes on top, once in
three. Afterwards nothing was lost and nothing doubled, in live pollers' eyes and in the log.
"""

import asyncio
import os
import random
import signal
import time

import pytest

from tests.faults.conftest import Scene
from tests.faults.going_on import lives_going_on

KILLS = int(os.environ.get("KILLS") or 6)
PROCESSES = (
    *("caseload", "release-notify", "referral", "consent", "audit"),
    *("projector", "deliverer", "gateway", "issuer"),
)
SERVERS = ("broker", "postgres")
KAFKA = "kafka"
"""Apache Kafka, which holds what it held when it is back."""
EMPTIED = "kafka, emptied"
"""The same, and it holds nothing when it is back."""
FIRST = (KAFKA, *SERVERS, "projector", "audit", "consent", "gateway")
"""Killed first and in any order: a short run is to have met them all."""
STANDSTILL_S = 2.0
"""How long a stopped process stands still: longer than nobody would notice, shorter than everybody gives up."""


async def _kill(scene: Scene, victim: str) -> None:
    if victim == KAFKA:
        assert scene.kafka is not None
        scene.kafka.end()
        await asyncio.to_thread(scene.kafka.start)
    elif victim == EMPTIED:
        await scene.lose_broker()
    else:
        await scene.processes.kill(victim)


async def _stand_still(scene: Scene, victim: str) -> None:
    """As a machine that swaps or a long pause of anything: alive, silent, and back with its old connections."""
    pid = scene.processes.pid(victim)
    os.kill(pid, signal.SIGSTOP)
    try:
        await asyncio.sleep(STANDSTILL_S)
    finally:
        os.kill(pid, signal.SIGCONT)


async def _while_killing(scene: Scene, victims: tuple[str, ...], *, standstills: bool) -> None:
    chance = random.Random(os.environ.get("SEED"))
    began = time.monotonic()
    killed: dict[str, int] = dict.fromkeys(victims, 0)
    stopped = 0
    first = [each for each in victims if each in FIRST]
    rest = [each for each in victims if each not in FIRST]
    order = [*chance.sample(first, len(first)), *chance.sample(rest, len(rest))]
    async with lives_going_on(scene, workers=3) as going:
        for number in range(KILLS):
            victim = order[number] if number < len(order) else chance.choice(victims)
            await going.meanwhile(asyncio.sleep(chance.uniform(0.0, 2.5)))
            await going.meanwhile(_kill(scene, victim))
            killed[victim] += 1
            if standstills and number % 2:
                await going.meanwhile(asyncio.sleep(chance.uniform(0.0, 2.5)))
                await going.meanwhile(_stand_still(scene, chance.choice(PROCESSES)))
                stopped += 1
    counted = going.counted
    assert sum(killed.values()) == KILLS
    assert counted["delivered"] > KILLS, "too little went on to prove anything"
    answers = scene.world.answers
    minutes = (time.monotonic() - began) / 60
    print(
        f"\n{KILLS} kills {killed} and {stopped} standstills in {minutes:.1f} minutes: {dict(counted)}; "
        f"{sum(answers.statuses.values())} answers, {answers.unreached} not answered, {dict(answers.codes)}; "
        f"polls {[poller.polls for poller in scene.pollers.values()]}"
    )


@pytest.mark.slow
@pytest.mark.timeout(7200)
async def test_any_process_the_broker_or_the_database_may_die_at_any_moment(scene: Scene) -> None:
    await _while_killing(scene, SERVERS + PROCESSES, standstills=False)


@pytest.mark.slow
@pytest.mark.timeout(7200)
async def test_any_process_may_die_or_stand_still_and_apache_kafka_die(kafka_scene: Scene) -> None:
    await _while_killing(kafka_scene, (KAFKA, EMPTIED, "postgres", *PROCESSES), standstills=True)
