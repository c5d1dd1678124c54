"""The projector on a real database: what it stores is what a fresh board would hold."""

import json
from typing import Any

import psycopg

from contracts.codes import Effect
from contracts.decisions import DeniedShare, ShareDeniedV1
from tests.integration.gateway.conftest import Gateway
from tests.support.sharelog import BEGAN, MadeLog, altered


def content(date: str) -> dict[str, Any]:
    return {"release_date": date}


def denial(*shares: str, effect: Effect = Effect.WITHDRAW) -> ShareDeniedV1:
    return ShareDeniedV1(
        denial_id="-".join(shares),
        person_id="person-1",
        effect=effect,
        shares=tuple(DeniedShare(share_id=share, recipient="probation-north") for share in shares),
        at=BEGAN,
    )


async def stored(gateway: Gateway, query: str) -> list[tuple[Any, ...]]:
    async with await psycopg.AsyncConnection.connect(gateway.projector.url) as connection:
        return await (await connection.execute(query)).fetchall()


async def feed(gateway: Gateway) -> list[dict[str, Any]]:
    return [json.loads(body) for (body,) in await stored(gateway, "SELECT body FROM feed_item ORDER BY cursor")]


async def test_items_views_and_ledger_are_stored(gateway: Gateway) -> None:
    log = gateway.log
    await gateway.show(log.batch(log.share("s0", content=content("2026-12-01"))))
    await gateway.show(log.batch(log.share("s1", version=2, content=content("2026-12-09"))))
    first, second = await feed(gateway)
    assert first["change"]["direction"] == "new"
    assert second["change"] == {"previous_date": "2026-12-01", "direction": "later"}
    assert await stored(gateway, "SELECT share_id, version FROM section") == [("s1", 2)]
    assert await stored(gateway, "SELECT share_id, state, current FROM ledger ORDER BY cursor") == [
        ("s0", "recorded", False),
        ("s1", "recorded", True),
    ]
    assert await stored(gateway, "SELECT * FROM tally") == [("probation-north", 2, 0)]


async def test_a_denial_blanks_what_is_stored_at_once(gateway: Gateway) -> None:
    log = gateway.log
    await gateway.show(log.batch(log.share("s0", content=content("2026-12-01"))))
    await gateway.show(denial("s0"))
    (item,) = await feed(gateway)
    assert item["content"] is None
    assert item["withdrawn"] is True
    assert await stored(gateway, "SELECT * FROM section") == []
    assert "2026-12-01" not in str(await stored(gateway, "SELECT * FROM feed_item"))
    await gateway.show(log.batch(log.share("s1", ends="s0", effect="withdraw", reason="consent-withdrawn")))
    assert [each["type"] for each in await feed(gateway)] == ["release.date-changed", "withdrawn"]
    assert await stored(gateway, "SELECT * FROM tally") == [("probation-north", 1, 1)]


async def test_a_denial_that_came_first_is_remembered(gateway: Gateway) -> None:
    log = gateway.log
    await gateway.show(denial("s0"))
    await gateway.show(log.batch(log.share("s0", content=content("2026-12-01"))))
    assert [item["content"] for item in await feed(gateway)] == [None]
    assert await stored(gateway, "SELECT * FROM section") == []
    assert await stored(gateway, "SELECT shares, hidden FROM tally WHERE agency = 'probation-north'") == [(1, 1)]


async def test_altered_and_forged_messages_show_nothing(gateway: Gateway) -> None:
    log, other = gateway.log, MadeLog(name=gateway.log.name)
    good = log.batch(log.share("s0", content=content("2026-12-01")))
    detail = dict(good.entries[0].detail or {}) | {"content": content("2030-01-01")}
    projected = await gateway.show(
        altered(good, 0, detail=detail),
        altered(good, 0, leaf=good.entries[0].leaf.replace("probation-north", "charity-newstart")),
        good.model_copy(update={"signature": "AAAA"}),
        other.batch(other.share("s1", content=content("2026-12-01"))),
    )
    assert [doubt.why for doubt in projected.doubts] == ["digest", "leaf-hash", "signature", "signature"]
    assert await feed(gateway) == []
    assert await stored(gateway, "SELECT * FROM section") == []
    assert await stored(gateway, "SELECT * FROM ledger") == []


async def test_a_bad_entry_does_not_hold_up_the_good_ones_of_its_batch(gateway: Gateway) -> None:
    log = gateway.log
    batch = log.batch(*(log.share(f"s{n}", subject_ref=f"r{n}", content=content("2026-12-01")) for n in range(3)))
    await gateway.show(altered(batch, 1, salt="00"))
    assert [item["share_id"] for item in await feed(gateway)] == ["s0", "s2"]


async def test_many_small_batches_and_one_large_one_store_the_same(gateway: Gateway) -> None:
    log = gateway.log
    entries = [
        log.share(f"s{n}", version=n // 3 + 1, subject_ref=f"r{n % 3}", content=content(f"2026-12-{n + 1:02}"))
        for n in range(9)
    ]
    for entry in entries[:5]:
        await gateway.show(log.batch(entry))
    await gateway.show(log.batch(*entries[5:]), denial("s8"))
    again = await stored(gateway, "SELECT cursor, body FROM feed_item ORDER BY cursor")
    await gateway.show(log.batch(*entries))
    assert await stored(gateway, "SELECT cursor, body FROM feed_item ORDER BY cursor") == again
    assert len(again) == 9
    assert await stored(gateway, "SELECT subject_ref, share_id FROM section ORDER BY 1") == [("r0", "s6"), ("r1", "s7")]
    assert await stored(gateway, "SELECT count(*) FROM ledger WHERE current") == [(3,)]


async def test_whoever_waits_is_woken_with_the_commit(gateway: Gateway) -> None:
    log = gateway.log
    async with gateway.front.connection() as connection:
        await connection.execute("LISTEN feed")
        await gateway.show(log.batch(log.share("s0", content=content("2026-12-01"))))
        async for notice in connection.notifies(timeout=10, stop_after=1):
            assert notice.payload == "probation-north"
            return
    raise AssertionError("nobody was woken")
