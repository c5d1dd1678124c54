"""What a process tells Prometheus, on a port of its own: counts and ages by topic, and never anything of a person.

Numbers are read when they are asked for, so none is older than the question. A database that does not answer is
`throughgate_database_up 0`; what it alone knows is then left out, and never said to be 0.
"""

from collections.abc import Iterable, Sequence

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from sqlalchemy import text
from starlette.types import ASGIApp, Receive, Scope, Send

from chassis import clock
from chassis.broker import own_name
from chassis.consumer import OVERDUE, Consumer
from chassis.db import AsyncSession, Database, is_passing
from chassis.relay import Relay

_PARKED = "SELECT topic, count(*) FROM stream_position WHERE parked_at IS NOT NULL GROUP BY topic"
_WAITING = """
SELECT w.topic, count(*), count(*) FILTER (WHERE p.parked_at IS NULL AND w.arrived_at < :overdue)
FROM waiting w LEFT JOIN stream_position p ON (p.topic, p.key) = (w.topic, w.key) GROUP BY w.topic
"""
_UNSENT = """
SELECT topic, count(*), extract(epoch FROM CAST(:now AS timestamptz) - min(time)) FROM outbox WHERE sent_at IS NULL
GROUP BY topic
"""


async def exposition(database: Database, *, relay: Relay | None, consumers: Sequence[Consumer]) -> bytes:
    """All numbers of this process in Prometheus' text format."""
    found = [_parts(relay, consumers), *_lags(consumers)]
    up = GaugeMetricFamily("throughgate_database_up", "1 while this process' database answers.")
    try:
        async with database.session() as session:
            found += await _in_database(session, relay, consumers)
        up.add_metric([], 1)
    except Exception as error:
        if not is_passing(error):
            raise
        up.add_metric([], 0)
    once = CollectorRegistry()
    once.register(_Found([up, *found]))
    return generate_latest(REGISTRY) + generate_latest(once)


def application(database: Database, *, relay: Relay | None, consumers: Sequence[Consumer]) -> ASGIApp:
    """Answers `GET /metrics` and nothing else."""

    async def answer(scope: Scope, _receive: Receive, send: Send) -> None:
        if (scope["method"], scope["path"]) == ("GET", "/metrics"):
            status, body = 200, await exposition(database, relay=relay, consumers=consumers)
        else:
            status, body = 404, b""
        headers = [(b"content-type", CONTENT_TYPE_LATEST.encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return answer


class _Found:
    """A collector of what was just read."""

    def __init__(self, found: Sequence[Metric]) -> None:
        self._found = found

    def collect(self) -> Iterable[Metric]:
        return self._found


def _parts(relay: Relay | None, consumers: Sequence[Consumer]) -> Metric:
    ready = GaugeMetricFamily("throughgate_part_ready", "1 while a relay sends or a consumer reads.", labels=["part"])
    if relay is not None:
        ready.add_metric(["relay"], float(relay.ready))
    for consumer in consumers:
        ready.add_metric([consumer.group], float(consumer.ready))
    return ready


def _lags(consumers: Sequence[Consumer]) -> Iterable[Metric]:
    lag = GaugeMetricFamily(
        "throughgate_consumer_lag", "Messages on the broker that are not taken yet.", labels=["group", "topic"]
    )
    for consumer in consumers:
        for wire, behind in consumer.progress.behind().items():
            lag.add_metric([consumer.group, own_name(consumer.settings, wire)], behind)
    return [lag] if consumers else []


async def _in_database(session: AsyncSession, relay: Relay | None, consumers: Sequence[Consumer]) -> list[Metric]:
    now = clock.now()
    found: list[Metric] = []
    if consumers:
        topics = sorted({str(topic) for consumer in consumers for topic in consumer.topics})
        parked = {row[0]: float(row[1]) for row in await session.execute(text(_PARKED))}
        rows = await session.execute(text(_WAITING), {"overdue": now - OVERDUE})
        waiting = {topic: (count, overdue) for topic, count, overdue in rows}
        found += [
            _by_topic("throughgate_parked_streams", "Streams set aside, with all behind it.", topics, parked),
            _by_topic(
                "throughgate_waiting_messages",
                "Messages whose turn has not come, or whose stream is parked.",
                topics,
                {topic: counts[0] for topic, counts in waiting.items()},
            ),
            _by_topic(
                "throughgate_overdue_messages",
                "Of these the ones of no parked stream that wait for more than a minute: one before them is missing.",
                topics,
                {topic: counts[1] for topic, counts in waiting.items()},
            ),
        ]
    if relay is not None:
        unsent = {topic: (count, age) for topic, count, age in await session.execute(text(_UNSENT), {"now": now})}
        found += [
            _by_topic(
                "throughgate_outbox_unsent_messages",
                "Messages written and not sent.",
                relay.topics,
                {topic: counts[0] for topic, counts in unsent.items()},
            ),
            _by_topic(
                "throughgate_outbox_oldest_seconds",
                "Age of the oldest of these.",
                relay.topics,
                {topic: max(0.0, float(counts[1])) for topic, counts in unsent.items()},
            ),
        ]
    return found


def _by_topic(name: str, what: str, topics: Iterable[str], values: dict[str, float]) -> Metric:
    gauge = GaugeMetricFamily(name, what, labels=["topic"])
    for topic in topics:
        gauge.add_metric([topic], float(values.get(topic, 0)))
    return gauge
