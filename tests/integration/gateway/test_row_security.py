"""An agency's rows are its own, whatever the query says: raw statements as the role the front logs in with."""

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

from chassis.db import Database
from chassis.tables import ChassisTable
from gateway.models import Table
from gateway.operations import sending
from gateway.operations.bulk import forget_old
from tests.integration.gateway.conftest import Gateway

CONTENT = {"release_date": "2026-12-01"}
TABLES = (
    *("feed_item", "section", "ledger", "delivery", "tally", "bulk_request", "bulk_chunk", "fhir_message"),
    "webhook_delivery",
)
"""Under the rule; `webhook` too, of which the front may not read the secret."""
BY_KEY = {"idempotency_record"}
"""The chassis' own, of which no list is read: an answer is found by its agency and key alone. Here it says how many
items were acknowledged."""
READABLE_BY_AGENCY = """
SELECT relname, relrowsecurity FROM pg_class
JOIN pg_attribute ON attrelid = pg_class.oid AND attname = 'agency' AND NOT attisdropped
WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = 'public'::regnamespace
  AND has_column_privilege(pg_class.oid, attnum, 'SELECT')
"""


async def rows(gateway: Gateway, query: str, *, agency: str | None, kind: str = "") -> list[tuple[object, ...]]:
    async with await psycopg.AsyncConnection.connect(gateway.rows.url) as connection:
        if agency is not None:
            await connection.execute("SELECT set_config('throughgate.agency', %s, true)", (agency,))
            await connection.execute("SELECT set_config('throughgate.agency_kind', %s, true)", (kind,))
        return await (await connection.execute(query)).fetchall()


async def filled(gateway: Gateway) -> None:
    log = gateway.log
    await gateway.show(
        log.batch(
            log.share("s0", content=CONTENT, source_sees_recipient=True),
            log.share("s1", content=CONTENT, recipient="mht-riverside", recipient_kind="mental-health"),
        )
    )
    async with await psycopg.AsyncConnection.connect(gateway.rows.url) as connection:
        for agency, share_id, told in (("probation-north", "s0", True), ("mht-riverside", "s1", False)):
            await connection.execute("SELECT set_config('throughgate.agency', %s, true)", (agency,))
            await connection.execute(
                "INSERT INTO delivery VALUES (%s, %s, 0, 'hmp-northgate', %s, now(), NULL)", (agency, share_id, told)
            )
            await connection.execute("INSERT INTO bulk_request VALUES (%s, 'k', 'd', now())", (agency,))
            await connection.execute("INSERT INTO bulk_chunk VALUES (%s, 'k', 0, '[]', now())", (agency,))
            await connection.execute(
                "INSERT INTO fhir_message VALUES (%s, 'h', 'b', 'servicerequest-request', 'r', '{}', '{}', now())",
                (agency,),
            )
            await connection.execute(
                "INSERT INTO webhook VALUES (%s, 'feed', 'https://a.example', 's', 0, now())", (agency,)
            )
            await connection.execute(
                "INSERT INTO webhook_delivery (agency, endpoint, message_id, state, attempts, made_at)"
                " VALUES (%s, 'feed', 'm', 'pending', 0, now())",
                (agency,),
            )


async def test_every_table_that_says_whose_a_row_is_is_under_the_rule(gateway: Gateway) -> None:
    """Those of the projector alone are not the front's to read at all."""
    async with await psycopg.AsyncConnection.connect(gateway.rows.url) as connection:
        found = await (await connection.execute(READABLE_BY_AGENCY)).fetchall()
    assert {name for name, ruled in found if ruled} == {*TABLES, "webhook"}
    assert {name for name, ruled in found if not ruled} == BY_KEY


@pytest.mark.parametrize("table", TABLES)
async def test_without_an_agency_there_is_nothing(gateway: Gateway, table: str) -> None:
    await filled(gateway)
    assert await rows(gateway, f"SELECT * FROM {table}", agency=None) == []
    assert await rows(gateway, f"SELECT * FROM {table}", agency="") == []


@pytest.mark.parametrize("table", TABLES)
async def test_another_agency_sees_nothing_even_with_a_hostile_condition(gateway: Gateway, table: str) -> None:
    await filled(gateway)
    query = f"SELECT * FROM {table} WHERE agency = 'probation-north' OR 1 = 1 OR agency LIKE '%'"
    assert await rows(gateway, query, agency="charity-newstart") == []


async def test_an_agency_sees_its_own_rows_and_no_others(gateway: Gateway) -> None:
    await filled(gateway)
    for table, mine in (
        ("feed_item", 1),
        ("section", 1),
        ("tally", 1),
        ("bulk_request", 1),
        ("bulk_chunk", 1),
        ("delivery", 1),
        ("fhir_message", 1),
        ("webhook", 1),
        ("webhook_delivery", 1),
    ):
        found = await rows(gateway, f"SELECT agency FROM {table}", agency="probation-north")
        assert found == [("probation-north",)] * mine, table


async def test_the_source_sees_a_delivery_only_where_it_may_know_the_recipient(gateway: Gateway) -> None:
    await filled(gateway)
    assert await rows(gateway, "SELECT agency FROM delivery", agency="hmp-northgate") == [("probation-north",)]
    ledger = await rows(gateway, "SELECT share_id, recipient FROM ledger ORDER BY cursor", agency="hmp-northgate")
    assert ledger == [("s0", "probation-north"), ("s1", None)]


async def test_the_auditor_sees_counts_of_all_and_no_item(gateway: Gateway) -> None:
    await filled(gateway)
    query = "SELECT agency, shares, hidden FROM tally ORDER BY agency"
    counts = await rows(gateway, query, agency="auditor-north", kind="auditor")
    assert counts == [("mht-riverside", 1, 0), ("probation-north", 1, 0)]
    assert await rows(gateway, "SELECT * FROM feed_item", agency="auditor-north", kind="auditor") == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE feed_item SET agency = 'charity-newstart'",
        "DELETE FROM section",
        "INSERT INTO tally VALUES ('charity-newstart', 1, 0)",
        "SELECT secret FROM webhook",
        "SELECT * FROM webhook",
        "UPDATE webhook SET agency = 'charity-newstart'",
        "UPDATE webhook_delivery SET state = 'delivered'",
        "SELECT * FROM denial",
        "SELECT * FROM told",
        "SELECT * FROM waiting",
        "SELECT * FROM stream_position",
        "TRUNCATE feed_item",
        "ALTER TABLE feed_item DISABLE ROW LEVEL SECURITY",
        "SET ROLE gateway_projector",
        "SET ROLE gateway_owner",
    ],
)
async def test_the_front_may_not(gateway: Gateway, statement: str) -> None:
    await filled(gateway)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        await rows(gateway, statement, agency="charity-newstart")


async def test_the_front_cannot_write_a_delivery_for_another_agency(gateway: Gateway) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        await rows(
            gateway,
            "INSERT INTO delivery VALUES ('probation-north', 's9', 0, 'x', false, now(), NULL) RETURNING 1",
            agency="charity-newstart",
        )


async def test_even_the_owner_of_the_tables_is_under_the_rule(gateway: Gateway) -> None:
    await filled(gateway)
    async with await psycopg.AsyncConnection.connect(gateway.rows.owner_url) as connection:
        for table in (*TABLES, "webhook", "denial", "told"):
            found = await (await connection.execute(f"SELECT count(*) FROM {table}")).fetchone()
            assert found == (0,), table


async def test_the_agency_ends_with_its_transaction(gateway: Gateway) -> None:
    await filled(gateway)
    async with await psycopg.AsyncConnection.connect(gateway.rows.url) as connection:
        await connection.execute("SELECT set_config('throughgate.agency', 'probation-north', true)")
        assert await (await connection.execute("SELECT 1 FROM feed_item")).fetchall() == [(1,)]
        await connection.commit()
        assert await (await connection.execute("SELECT 1 FROM feed_item")).fetchall() == []


def test_models_are_what_the_migrations_made(gateway: Gateway) -> None:
    engine = create_engine(gateway.rows.owner_url.replace("postgresql://", "postgresql+psycopg://", 1))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, [Table.metadata, ChassisTable.metadata])  # type: ignore[arg-type]
    engine.dispose()
    assert differences == []


async def test_only_what_is_old_is_forgotten(gateway: Gateway) -> None:
    await filled(gateway)
    async with gateway.front.transaction() as session:
        await session.execute(text("SELECT set_config('throughgate.agency', 'probation-north', true)"))
        await session.execute(
            text("INSERT INTO bulk_request VALUES ('probation-north', 'o', 'd', now() - interval '3d')")
        )
    async with gateway.front.transaction() as session:
        await forget_old(session)
    keys = await rows(gateway, "SELECT key FROM bulk_request", agency="probation-north")
    assert keys == [("k",)]


async def deliverers_rows(gateway: Gateway, query: str, *, agency: str | None) -> list[tuple[object, ...]]:
    async with await psycopg.AsyncConnection.connect(gateway.rows.login_url("gateway_deliverer")) as connection:
        if agency is not None:
            await connection.execute("SELECT set_config('throughgate.agency', %s, true)", (agency,))
        return await (await connection.execute(query)).fetchall()


async def test_the_deliverer_sees_which_endpoints_there_are_and_of_the_rest_one_agency_at_a_time(
    gateway: Gateway,
) -> None:
    await filled(gateway)
    endpoints = await deliverers_rows(gateway, "SELECT agency FROM webhook ORDER BY agency", agency=None)
    assert endpoints == [("mht-riverside",), ("probation-north",)]
    for table in ("webhook_delivery", "feed_item", "fhir_message", "delivery"):
        assert await deliverers_rows(gateway, f"SELECT agency FROM {table}", agency=None) == []
        assert await deliverers_rows(gateway, f"SELECT agency FROM {table}", agency="mht-riverside") == [
            ("mht-riverside",)
        ]
    assert await deliverers_rows(gateway, "SELECT * FROM section", agency="mht-riverside") == [], "no release date"


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT body FROM feed_item",
        "SELECT person_id FROM feed_item",
        "SELECT * FROM ledger",
        "SELECT * FROM denial",
        "UPDATE webhook SET url = 'https://b.example'",
        "DELETE FROM webhook",
        "INSERT INTO section SELECT * FROM section",
        "INSERT INTO fhir_message SELECT * FROM fhir_message",
    ],
)
async def test_the_deliverer_may_not(gateway: Gateway, statement: str) -> None:
    await filled(gateway)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        await deliverers_rows(gateway, statement, agency="mht-riverside")


async def test_only_deliveries_of_a_month_ago_are_forgotten(gateway: Gateway) -> None:
    await filled(gateway)
    async with await psycopg.AsyncConnection.connect(gateway.rows.url) as connection:
        await connection.execute("SELECT set_config('throughgate.agency', 'probation-north', true)")
        await connection.execute(
            "INSERT INTO webhook_delivery (agency, endpoint, message_id, state, attempts, made_at)"
            " VALUES ('probation-north', 'feed', 'old', 'delivered', 1, now() - interval '31 days')"
        )
    deliverer = Database(gateway.rows.login_url("gateway_deliverer"))
    async with deliverer.transaction() as session:
        await sending.forget_old(session)
    await deliverer.close()
    left = await rows(gateway, "SELECT message_id FROM webhook_delivery", agency="probation-north")
    assert left == [("m",)]
