"""What must hold when the dust has settled: judged from the client's record, the pollers' eyes and the log itself."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg

from tests.faults.client import FaultyWorld
from tests.faults.pollers import Poller
from tests.faults.traffic import RECIPIENTS, Life
from tests.support.eventually import eventually
from tests.support.settled import owner_urls, settled
from tests.support.stack import RunningStack
from tests.system.referring import MOORLAND
from tests.system.world import AUDITOR, CHARITY, NORTHGATE
from throughgate.verifying import Verified, read_key, verify_log


async def everything_holds(world: FaultyWorld, lives: Sequence[Life], pollers: Mapping[str, Poller]) -> Counter[str]:
    """Raises AssertionError with the first thing that does not; returns what was counted."""
    await settled(world.stack)
    counted: Counter[str] = Counter(lives=len(lives))
    for agency in RECIPIENTS:
        await _polled_once(pollers[agency])
    referred, _ = await world.desk(MOORLAND).feed()
    for life in lives:
        permits = await world.shares(life.person, category="release-date", decision="permitted")
        for agency in RECIPIENTS:
            mine = [permit for permit in permits if permit["recipient"] == agency]
            counted["delivered"] += _once_each(life, agency, pollers[agency], mine)
        if life.withdrawn:
            assert await world.release(CHARITY, life.person) is None, "a view outlived its consent"
            counted["withdrawn"] += 1
        if life.referral:
            mine = [item for item in referred if (item["person_id"], item["category"]) == (life.person.id, "referral")]
            await _referred_once(world, life, mine)
            counted["referred"] += 1
    await reconciled(world)
    found = await asyncio.to_thread(verified, world.stack)
    assert found.findings == (), found.findings
    counted["entries"] = found.entries
    return counted


async def _polled_once(poller: Poller) -> None:
    """No cursor skipped, none doubled, and the same item at the same cursor for ever."""

    async def caught_up() -> bool:
        whole = await poller.whole()
        assert len(poller.items) >= len(whole), f"{poller.agency}: {len(poller.items)} of {len(whole)}"
        return True

    await eventually(caught_up, within=60, every=0.2)
    whole = await poller.whole()
    seen = poller.seen()
    assert seen == whole, f"{poller.agency}: the live poller and the feed differ"
    assert len(set(seen)) == len(seen)
    places = [int(item["receipt"]["index"]) for item in poller.items]
    assert places == sorted(places), f"{poller.agency}: the feed went back"


def _once_each(life: Life, agency: str, poller: Poller, permits: Sequence[Mapping[str, Any]]) -> int:
    """Every date owed was met once and permitted once, in the order of its versions, and nothing else was."""
    owed = life.owed[agency]
    met = poller.dates(life.person.id)
    assert met == owed, f"{agency} was owed {owed} and met {met}"
    facts = [(permit["subject_ref"], permit["version"]) for permit in permits]
    assert facts == [life.facts[day] for day in owed], f"{agency}: the log has {facts} for {owed} of {life.facts}"
    return len(owed)


async def _referred_once(world: FaultyWorld, life: Life, items: Sequence[Mapping[str, Any]]) -> None:
    """Each version of the referral was permitted once and came once, and its sender sees that it was received."""
    permits = await world.shares(life.person, category="referral", recipient=MOORLAND, decision="permitted")
    versions = [permit["version"] for permit in permits]
    assert versions == sorted(set(versions)), versions
    assert [item["share_id"] for item in items] == [permit["share_id"] for permit in permits]
    assert {item["content"]["referral_id"] for item in items} == {life.referral}
    found = await world.desk(NORTHGATE).get(f"/referrals/{life.referral}")
    assert found["state"] == "received", found["state"]


async def reconciled(world: FaultyWorld) -> None:
    """What feeds hold is what the log permits, agency by agency."""

    async def even() -> bool:
        found = await world.desk(AUDITOR).get("/reconciliation")
        uneven = {row["agency"]: row["missing"] for row in found["items"] if row["missing"]}
        assert uneven == {}, f"feeds lack permitted shares: {uneven}"
        return bool(found["items"])

    await eventually(even, within=60, every=0.2)


def verified(stack: RunningStack) -> Verified:
    """The whole log, checked with the public key alone."""
    with psycopg.connect(owner_urls(stack)["audit"]) as connection:
        return verify_log(connection, read_key(stack.data_dir / "keys" / "share-log.pub"))
