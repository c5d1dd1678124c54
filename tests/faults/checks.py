"""What must hold when the dust has settled: judged from the client's record, the pollers' eyes and the log itself."""

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import psycopg

from tests.faults.client import FaultyWorld
from tests.faults.feed_checks import each_permit_once, permitted_to, rows_of, shows_the_last, views_show_the_last
from tests.faults.pollers import Poller, seen
from tests.faults.traffic import RECIPIENTS, Life
from tests.support.eventually import eventually
from tests.support.settled import owner_urls, settled
from tests.support.stack import RunningStack
from tests.system.referring import MOORLAND
from tests.system.world import AUDITOR, CHARITY, NORTHGATE, PROBATION
from throughgate.verifying import Verified, read_key, verify_log


async def everything_holds(world: FaultyWorld, lives: Sequence[Life], pollers: Mapping[str, Poller]) -> Counter[str]:
    """Raises AssertionError with the first thing that does not; returns what was counted."""
    await settled(world.stack)
    unforeseen = "\n".join(world.stack.process.unforeseen())
    assert not unforeseen, f"a fault is told as 503 by services too:\n{unforeseen}"
    assert any(log.name.startswith("postgres.log") for log in world.stack.process.logs()), "whose logs are these"
    told = world.stack.process.telling([trace for life in lives for trace in life.person.traces])
    assert not told, "a log tells of somebody:\n" + "\n".join(told[:20])
    assert world.answers.statuses[500] == 0, f"a fault is told as 503: {dict(world.answers.codes)}"
    counted: Counter[str] = Counter(lives=len(lives))
    people = {life.person.id for life in lives}
    feeds = {agency: await polled_once(poller, people) for agency, poller in pollers.items()}
    permits = {life.person.id: await world.shares(life.person, decision="permitted") for life in lives}
    everyones = [permit for theirs in permits.values() for permit in theirs]
    assert {permit["recipient"] for permit in everyones} <= pollers.keys(), "somebody's feed is not looked at"
    for agency, items in feeds.items():
        rows = await asyncio.to_thread(rows_of, world.stack, agency, people)
        each_permit_once(agency, permitted_to(agency, everyones), rows, items)
        counted["items"] += len(rows)
    for life in lives:
        counted += await _lived(world, life, pollers, permits[life.person.id])
        await said_once(world, life)
        for agency, items in feeds.items():
            shows_the_last(life, agency, items)
        await views_show_the_last(world, life)
    assert counted["withdrawn"], "nobody withdrew anything"
    assert counted["in_bulk"] >= len(lives), "somebody has no date that came in bulk"
    assert counted["referred"] == len(lives), "somebody was referred to nobody"
    assert counted["taken_on"], "nobody was taken on"
    await reconciled(world)
    found = await asyncio.to_thread(verified, world.stack)
    assert found.findings == (), found.findings
    counted["entries"] = found.entries
    return counted


async def _lived(
    world: FaultyWorld, life: Life, pollers: Mapping[str, Poller], permits: Sequence[Mapping[str, Any]]
) -> Counter[str]:
    """What one life was owed, met and permitted."""
    dates = [permit for permit in permits if permit["category"] == "release-date"]
    counted = Counter(withdrawn=int(life.withdrawn), in_bulk=life.in_bulk)
    for agency in RECIPIENTS:
        counted["delivered"] += once_each(life, agency, life.owed[agency], pollers[agency], dates)
    if life.referral:
        since = pollers[MOORLAND].dates(life.person.id)
        assert since, "who was referred to has no date"
        counted["delivered"] += once_each(life, MOORLAND, life.dates[-len(since) :], pollers[MOORLAND], dates)
        referred_once(life, permits, pollers[MOORLAND])
        await answered_once(world, life, permits, pollers[NORTHGATE])
        counted += Counter(referred=1, taken_on=int(life.taken_on))
    return counted


async def polled_once(poller: Poller, people: Collection[str]) -> list[dict[str, Any]]:
    """No cursor skipped, none doubled, and the same item at the same cursor for ever; the feed's items about these."""

    async def caught_up() -> bool:
        whole = await poller.whole()
        assert len(poller.items) >= len(whole), f"{poller.agency}: {len(poller.items)} of {len(whole)}"
        return True

    await eventually(caught_up, within=60, every=0.2)
    whole = await poller.whole()
    met = seen(poller.items)
    assert met == seen(whole), f"{poller.agency}: the live poller and the feed differ"
    assert len(set(met)) == len(met), f"{poller.agency}: the feed has an item twice"
    places = [int(item["receipt"]["index"]) for item in poller.items]
    assert places == sorted(places), f"{poller.agency}: the feed went back"
    return [item for item in whole if item["person_id"] in people]


def once_each(
    life: Life, agency: str, owed: Sequence[str], poller: Poller, permits: Sequence[Mapping[str, Any]]
) -> int:
    """Every date owed was met once and permitted once, in the order of its versions, and nothing else was."""
    met = poller.dates(life.person.id)
    assert met == owed, f"{agency} was owed {owed} and met {met}"
    facts = [(permit["subject_ref"], permit["version"]) for permit in permits if permit["recipient"] == agency]
    assert facts == [life.facts[day] for day in owed], f"{agency}: the log has {facts} for {owed} of {life.facts}"
    return len(owed)


def referred_once(life: Life, permits: Sequence[Mapping[str, Any]], poller: Poller) -> None:
    """Each version of the referral was permitted once and came once."""
    mine = [permit for permit in permits if (permit["category"], permit["recipient"]) == ("referral", MOORLAND)]
    versions = [permit["version"] for permit in mine]
    assert versions == sorted(set(versions)), versions
    items = [item for item in poller.items if (item["person_id"], item["category"]) == (life.person.id, "referral")]
    assert [item["share_id"] for item in items] == [permit["share_id"] for permit in mine]
    assert {item["content"]["referral_id"] for item in items} == {life.referral}


async def answered_once(world: FaultyWorld, life: Life, permits: Sequence[Mapping[str, Any]], poller: Poller) -> None:
    """An acceptance was permitted once, as the first version of an answer, and came once; both ends see it, and by it
    the receiver is involved. Where there was none, both see that the referral was received, and nobody is."""
    mine = [permit for permit in permits if (permit["category"], permit["recipient"]) == ("referral-status", NORTHGATE)]
    assert [permit["version"] for permit in mine] == [1] * life.taken_on, mine
    items = [item for item in poller.items if item["person_id"] == life.person.id]
    assert [item["share_id"] for item in items] == [permit["share_id"] for permit in mine]
    for agency in (NORTHGATE, MOORLAND):
        found = await world.desk(agency).get(f"/referrals/{life.referral}")
        assert found["state"] == ("accepted" if life.taken_on else "received"), (agency, found["state"])
    involved = await world.desk(MOORLAND).call("GET", f"{life.person.path}/involvement")
    stands = (involved.json()["state"], involved.json()["roles"]) if involved.ok else involved.status
    assert stands == (("confirmed", ["mental-health-care"]) if life.taken_on else 404), stands


async def said_once(world: FaultyWorld, life: Life) -> None:
    """What was answered 2xx and is no share stands in the log once: the consent, its withdrawal, each who claimed."""
    pages = world.desk(AUDITOR).pages("/entries", person_id=life.person.id, limit=500)
    entries = [entry async for entry in pages if entry["kind"] != "share"]
    said = Counter(entry["kind"] for entry in entries)
    assert (said["consent"], said["withdrawal"]) == (1, int(life.withdrawn)), dict(said)
    claims = Counter((each["agency"], each["facts"]["state"]) for each in entries if each["kind"] == "claim")
    assert {PROBATION, CHARITY} <= {agency for agency, _ in claims}, claims
    assert [state for agency, state in claims if agency == MOORLAND] == ["confirmed"] * life.taken_on, claims
    assert set(claims.values()) == {1}, f"claimed twice: {claims}"


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
