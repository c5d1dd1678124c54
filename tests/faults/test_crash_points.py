"""Each named point of each service on the path of a date or a referral: the process dies there, once, with lives going
on. Afterwards each one that a gateway answered 2xx was delivered exactly once to each recipient, in live pollers' eyes.

The short form walks every point once, on the one broker or the other; the long one (`make faults`) every point of every
service on both.
"""

import os
from typing import get_args

import psycopg
import pytest

from chassis.crash import Point
from tests.faults.conftest import Scene
from tests.faults.going_on import lives_going_on
from tests.faults.processes import PROCESS_OF
from tests.support.eventually import eventually
from tests.support.settled import owner_urls

SENDERS = ("release-notify", "caseload", "referral", "consent", "audit", "gateway")
CONSUMERS = ("consent", "audit", "gateway-projector", "release-notify", "referral", "caseload")
COMMANDED = ("release-notify", "caseload", "referral", "consent")
WRITERS = ("consent", "audit", "release-notify", "referral", "caseload", "gateway")

REQUEST: tuple[Point, ...] = ("request.before_commit", "request.after_commit")
RELAY: tuple[Point, ...] = ("relay.before_send", "relay.mid_wave", "relay.after_send", "relay.after_mark")
CONSUMER: tuple[Point, ...] = (
    "consumer.before_apply",
    "consumer.before_commit",
    "consumer.after_commit",
    "consumer.after_offsets",
)


def _each(services: tuple[str, ...], *points: Point) -> list[tuple[str, Point]]:
    return [(service, point) for point in points for service in services]


WALK = [
    *_each(COMMANDED, *REQUEST),
    *_each(WRITERS, "outbox.written"),
    *_each(SENDERS, *RELAY),
    *_each(CONSUMERS, *CONSUMER),
    *_each(("caseload", "release-notify"), "consumer.mid_batch"),
]
"""Consent, audit and the projector take a batch as one: their middle is `outbox.written` and `before_commit`."""
MET_AGAIN = _each(SENDERS, "relay.new_broker")
"""Where a process stands that meets a broker which lost everything."""
UNTAKEN = 3
_SENT = "SELECT count(*) FROM outbox WHERE topic = 'consent-events' AND sent_at IS NOT NULL"
LONG = os.environ.get("FAULTS") == "long"
ONLY = os.environ.get("FAULTS_ONLY")
"""A single point, of every service: what a mutation of that place needs."""


def _once_each(walk: list[tuple[str, Point]]) -> list[tuple[str, Point]]:
    """Every point once, and as many services as that allows."""
    if ONLY:
        return [step for step in walk if step[1] == ONLY]
    points = list(dict.fromkeys(point for _, point in walk))
    chosen = []
    for number, point in enumerate(points):
        services = [service for service, named in walk if named == point]
        chosen.append((services[number % len(services)], point))
    return chosen


def _of(walk: list[tuple[str, Point]], *, kafka: bool) -> list[tuple[str, Point]]:
    """What is walked on this broker: of a short run every second point, of a long one or a single point all."""
    if LONG or ONLY:
        return walk if LONG else _once_each(walk)
    return _once_each(walk)[kafka::2]


async def _walk(scene: Scene, steps: list[tuple[str, Point]], *, lose_broker: bool = False) -> None:
    async with lives_going_on(scene) as going:
        for service, point in steps:
            pid = scene.processes.pid(PROCESS_OF.get(service, service))
            await scene.processes.die_at(service, point)
            if lose_broker:
                await going.meanwhile(_lose_broker(scene))
            await going.meanwhile(scene.processes.unarmed())
            await going.meanwhile(scene.processes.died(service, pid))
    counted = going.counted
    assert counted["delivered"] >= len(steps), "too little went on to prove anything"
    print(f"\n{len(steps)} crash points walked: {dict(counted)}, {dict(scene.world.answers.codes)}")


async def _lose_broker(scene: Scene) -> None:
    """It dies with what nobody has taken: audit stands still, and has fetched the first of these at most."""
    with psycopg.connect(owner_urls(scene.world.stack)["consent"], autocommit=True) as consent:

        def sent() -> int:
            row = consent.execute(_SENT).fetchone()
            return int(row[0]) if row else 0

        scene.processes.stop("audit")
        try:
            for _ in range(UNTAKEN):
                before = sent()
                await scene.world.supervise(await scene.world.person())
                await eventually(lambda: sent() > before, within=60)  # noqa: B023
            await scene.lose_broker()
        finally:
            scene.processes.go_on("audit")


@pytest.mark.slow
@pytest.mark.timeout(1800)
async def test_a_process_that_dies_at_any_point_loses_and_doubles_nothing(scene: Scene) -> None:
    await _walk(scene, _of(WALK, kafka=False))


@pytest.mark.slow
@pytest.mark.timeout(1800)
async def test_the_same_on_apache_kafka(kafka_scene: Scene) -> None:
    await _walk(kafka_scene, _of(WALK, kafka=True))


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_a_process_that_dies_while_it_meets_a_broker_that_lost_everything(scene: Scene) -> None:
    await _walk(scene, MET_AGAIN if LONG else _once_each(MET_AGAIN), lose_broker=True)


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_the_same_where_apache_kafka_comes_back_empty(kafka_scene: Scene) -> None:
    """It makes no topic by itself, its producers count what they sent, and its groups have lost their offsets."""
    await _walk(kafka_scene, MET_AGAIN if LONG else _once_each(MET_AGAIN), lose_broker=True)


def test_every_point_there_is_is_walked() -> None:
    assert {point for _, point in (*WALK, *MET_AGAIN)} == set(get_args(Point))
    assert {point for kafka in (False, True) for _, point in _of(WALK, kafka=kafka)} == {point for _, point in WALK}
