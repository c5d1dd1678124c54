"""Erasing a person from feeds, views and ledgers, on a signed word alone; agencies are told, and nobody else is."""

import json
from typing import Any

import psycopg

from contracts.http.gateway import FeedItem
from gateway.operations.erasing import erase_late_messages
from tests.integration.gateway.conftest import Gateway
from tests.integration.gateway.test_projector import denial, feed, stored
from tests.support.postgres import PASSWORD
from tests.support.sharelog import MadeLog, altered
from tests.support.traces import traces
from throughgate.local.databases import url_for
from throughgate.local.postgres import SUPERUSER

WORDS = ("Quillonby", "Vetchling")
SAID = {"release_date": "2026-12-01", "reporting": "Quillonby"}


def shown(log: MadeLog, name: str, person: str, **more: Any) -> Any:
    values = {"content": SAID, "source_sees_recipient": True, "subject_ref": f"of-{person}", **more}
    return log.share(name, person_id=person, **values)


async def bars(gateway: Gateway, *, person: str | None, referral: str) -> None:
    """A message of BaRS and a delivery, as the front writes them."""
    async with await psycopg.AsyncConnection.connect(gateway.rows.url) as connection:
        await connection.execute("SELECT set_config('throughgate.agency', 'probation-north', true)")
        await connection.execute(
            "INSERT INTO fhir_message (agency, header_id, bundle_id, event, referral_id, person_id, names, body, at)"
            " VALUES ('probation-north', %s, %s, 'servicerequest-request', %s, %s, '{}', 'Vetchling', now())",
            (f"h-{referral}", f"b-{referral}", referral, person),
        )


async def delivered(gateway: Gateway, *shares: str) -> None:
    async with await psycopg.AsyncConnection.connect(gateway.rows.url) as connection:
        await connection.execute("SELECT set_config('throughgate.agency', 'probation-north', true)")
        for share in shares:
            await connection.execute(
                "INSERT INTO delivery VALUES ('probation-north', %s, 0, 'hmp-northgate', true, now(), NULL)", (share,)
            )


async def stored_by_all(gateway: Gateway, query: str) -> list[tuple[Any, ...]]:
    """As the superuser reads it, past every rule."""
    url = url_for(gateway.rows.admin_url, role=SUPERUSER, password=PASSWORD, database=gateway.rows.name)
    async with await psycopg.AsyncConnection.connect(url) as connection:
        return await (await connection.execute(query)).fetchall()


async def test_nothing_of_the_person_is_left_and_each_agency_is_told_once(gateway: Gateway) -> None:
    log = gateway.log
    mht = {"recipient": "mht-riverside", "recipient_kind": "mental-health"}
    await gateway.show(
        log.batch(
            shown(log, "s0", "p-1"),
            shown(log, "s1", "p-1", version=2),
            shown(log, "s2", "p-2", subject_ref="of-p-2"),
            shown(log, "s3", "p-1", **mht),
            log.share("s4", person_id="p-1", subject_ref="r-1", reason="no-clause", recipient="police-north"),
        )
    )
    await gateway.show(denial("s1"))
    await bars(gateway, person="p-1", referral="r-9")
    await bars(gateway, person=None, referral="r-1")
    await delivered(gateway, "s0", "s1")
    assert set(traces(gateway.rows.url, WORDS)) == {"feed_item", "section", "fhir_message"}
    await gateway.show(log.batch(log.erasure("p-1", "p-2", subjects=("of-p-1", "r-1"))))
    assert traces(gateway.rows.url, WORDS) == {}
    left = traces(gateway.rows.url, ["p-1", "p-2", "s0", "s1", "s2", "s3", "s4", "r-1"])
    assert left == {"erased_person": {"p-1", "p-2"}, "feed_item": {"p-1", "p-2"}}
    items = await stored(gateway, "SELECT agency, cursor, kind, body FROM feed_item ORDER BY agency")
    assert [item[:3] for item in items] == [("mht-riverside", 5, "erased"), ("probation-north", 5, "erased")]
    told = [FeedItem.model_validate({**json.loads(item[3]), "cursor": "5"}) for item in items]
    assert {each.type for each in told} == {"person.erased"}
    assert [each.content for each in told] == [{"person_ids": ["p-1"]}, {"person_ids": ["p-1", "p-2"]}]
    assert await stored(gateway, "SELECT * FROM tally ORDER BY agency") == [
        ("mht-riverside", 1, 1),
        ("probation-north", 3, 3),
    ]


async def test_a_person_is_erased_in_their_place_between_others_of_one_batch(gateway: Gateway) -> None:
    log = gateway.log
    await gateway.show(
        log.batch(
            shown(log, "s0", "p-1"), log.erasure("p-1"), shown(log, "s1", "p-1", version=9), shown(log, "s2", "p-3")
        )
    )
    assert [item["person_id"] for item in await feed(gateway) if item["content"] == SAID] == ["p-3"]
    assert await stored(gateway, "SELECT share_id FROM section") == [("s2",)]
    assert await stored(gateway, "SELECT share_id FROM ledger") == [("s2",)]


async def test_what_comes_late_is_not_shown(gateway: Gateway) -> None:
    log = gateway.log
    await gateway.show(log.batch(log.erasure("p-1")))
    await gateway.show(log.batch(shown(log, "s1", "p-1")))
    await gateway.show(denial("s1"))
    assert await feed(gateway) == []
    assert await stored(gateway, "SELECT share_id FROM section UNION SELECT share_id FROM ledger") == []


async def test_a_second_time_nobody_is_told_again(gateway: Gateway) -> None:
    log = gateway.log
    await gateway.show(log.batch(shown(log, "s0", "p-1")))
    await gateway.show(log.batch(log.erasure("p-1")), log.batch(log.erasure("p-1")))
    assert [item["type"] for item in await feed(gateway)] == ["person.erased"]


async def test_an_erasure_that_was_not_signed_erases_nothing(gateway: Gateway) -> None:
    log = gateway.log
    await gateway.show(log.batch(shown(log, "s0", "p-1"), shown(log, "s1", "p-2")))
    honest = log.batch(log.erasure("p-1"))
    entry = honest.entries[0]
    assert entry.detail is not None
    forged = [
        altered(honest, 0, detail={**entry.detail, "person_ids": ["p-2"]}),
        altered(honest, 0, leaf=entry.leaf.replace("retention-ended", "unlawful")),
        altered(honest, 0, detail=None),
        honest.model_copy(update={"signature": MadeLog().batch(MadeLog().erasure("p-1")).signature}),
    ]
    for batch in forged:
        done = await gateway.show(batch)
        assert [doubt.why for doubt in done.doubts]
    assert {item["person_id"] for item in await feed(gateway)} == {"p-1", "p-2"}


async def test_everybody_else_stays_as_they_were(gateway: Gateway) -> None:
    log = gateway.log
    await gateway.show(log.batch(shown(log, "s2", "p-2"), shown(log, "s3", "p-2", version=2)))
    await bars(gateway, person="p-2", referral="r-2")
    await delivered(gateway, "s2")
    tables = ("section", "ledger", "delivery", "told", "fhir_message", "feed_item", "denial")
    queries = {table: f"SELECT t::text FROM {table} t ORDER BY 1" for table in tables}
    before = {table: await stored_by_all(gateway, query) for table, query in queries.items()}
    assert [table for table, rows in before.items() if not rows] == ["denial"]
    await gateway.show(log.batch(shown(log, "s0", "p-1")))
    await gateway.show(log.batch(log.erasure("p-1", subjects=("of-p-1",))))
    after = {table: await stored_by_all(gateway, query) for table, query in queries.items()}
    assert [row for row in after.pop("feed_item") if "person.erased" not in str(row)] == before.pop("feed_item")
    assert after == before


async def test_a_message_that_is_kept_late_is_erased_with_the_next_tidying(gateway: Gateway) -> None:
    """What it asked for was being done when its person was erased."""
    log = gateway.log
    await gateway.show(log.batch(log.erasure("p-1", subjects=("r-1",))))
    for person, referral in (("p-1", "r-9"), ("p-2", "r-2"), (None, "r-3")):
        await bars(gateway, person=person, referral=referral)
    async with gateway.projector.transaction() as session:
        assert await erase_late_messages(session) == 1
    kept = "SELECT referral_id FROM fhir_message ORDER BY referral_id"
    assert await stored_by_all(gateway, kept) == [("r-2",), ("r-3",)]
