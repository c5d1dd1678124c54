"""The servers that every other test stands on."""

from collections.abc import Callable

import psycopg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from tests.support.broker import Broker, EmbeddedBroker
from tests.support.eventually import eventually
from tests.support.postgres import MakeDatabase, PostgresServer


def test_the_database_is_postgresql_18(pg_server: PostgresServer) -> None:
    with psycopg.connect(pg_server.admin_url) as connection:
        row = connection.execute("SHOW server_version").fetchone()
    assert row is not None
    assert row[0].startswith("18")


def test_a_service_cannot_enter_another_services_database(make_empty_database: MakeDatabase) -> None:
    consent = make_empty_database("consent")
    audit = make_empty_database("audit")
    with psycopg.connect(consent.url) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("consent",)
    foreign = audit.url.replace("//audit:", "//consent:")
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        psycopg.connect(foreign)


def test_a_login_role_cannot_make_tables(make_empty_database: MakeDatabase) -> None:
    database = make_empty_database("consent")
    with psycopg.connect(database.owner_url) as owner:
        owner.execute("CREATE TABLE mine ()")
    with psycopg.connect(database.url) as login, pytest.raises(psycopg.errors.InsufficientPrivilege):
        login.execute("CREATE TABLE theirs ()")


@pytest.mark.kafka
async def test_what_is_sent_to_a_topic_of_this_test_is_read_from_it(broker: Broker) -> None:
    topic = broker.prefix + "offers"
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap)
    await admin.start()
    made = await admin.create_topics([NewTopic(topic, 6, 1)])
    assert [code for _, code, *_ in made.topic_errors] == [0]

    async def all_there() -> bool:
        # A broker knows a topic a moment later than the controller that made it.
        described = await admin.describe_topics([topic])
        assert len(described[0]["partitions"]) == 6
        return True

    await eventually(all_there)
    await admin.close()

    producer = AIOKafkaProducer(bootstrap_servers=broker.bootstrap, acks="all", enable_idempotence=broker.idempotent)
    await producer.start()
    sent = await producer.send_and_wait(topic, b"value", key=b"key", headers=[("ce_id", b"1")])
    await producer.stop()

    consumer = AIOKafkaConsumer(
        bootstrap_servers=broker.bootstrap,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        fetch_max_wait_ms=broker.fetch_wait_ms,
    )
    await consumer.start()
    consumer.assign([TopicPartition(topic, sent.partition)])
    message = await consumer.getone()
    await consumer.stop()
    assert (message.key, message.value, message.headers) == (b"key", b"value", (("ce_id", b"1"),))


async def test_a_killed_embedded_broker_comes_back_empty_as_another_cluster(
    make_broker: Callable[[], EmbeddedBroker],
) -> None:
    server = make_broker()

    async def look() -> tuple[str, list[str]]:
        admin = AIOKafkaAdminClient(bootstrap_servers=server.broker.bootstrap)
        await admin.start()
        try:
            return (await admin.describe_cluster())["cluster_id"], await admin.list_topics()
        finally:
            await admin.close()

    admin = AIOKafkaAdminClient(bootstrap_servers=server.broker.bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic("offers", 6, 1)])
    await admin.close()
    before, topics = await look()
    assert topics == ["offers"]
    server.kill()
    server.start()
    after, topics = await look()
    assert topics == []
    assert after != before
