"""What judges lives fails when it should: each fault is put before it once, made up."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from chassis.http_client import Answer
from tests.faults import checks
from tests.faults.feed_checks import Row, each_permit_once, shows_the_last, views_show_the_last
from tests.faults.pollers import Poller
from tests.faults.traffic import Life
from tests.system.referring import MOORLAND
from tests.system.world import CHARITY, NORTHGATE, PROBATION, Person

WHO = Person("a-person", "A0001AA", "X000001", "Testcase1")
DAYS = ["2031-03-04", "2031-03-05"]
FACTS = {day: ("r", version) for version, day in enumerate(DAYS, 1)}
REFERRED = {"referral_id": "ref", "receiver": MOORLAND}
Json = dict[str, Any]


def _life(**ends: bool) -> Life:
    return Life(WHO, {PROBATION: DAYS, CHARITY: DAYS}, FACTS, referral="ref", **ends)


def _row(version: int, category: str = "release-date", share: str = "") -> Row:
    return Row(WHO.id, category, "r", version, share or f"{category}-{version}")


def _items(rows: Sequence[Row]) -> list[Json]:
    """One for each, and one that says something of the first."""
    shown = [{"person_id": row.person_id, "category": row.category, "share_id": row.share_id} for row in rows]
    return [item | {"item_id": item["share_id"]} for item in shown] + [shown[0] | {"item_id": "of-it"}]


ONE, TWO, NAME = _row(1), _row(2), _row(1, "identity")
GOOD = [ONE, TWO, NAME]
PERMITS: dict[str, tuple[Sequence[Row], Sequence[Row], Sequence[Row], str]] = {
    "a permit twice": ([*GOOD, _row(2, share="again")],) * 3 + ("permitted twice",),
    "a version that goes back": ([TWO, ONE, NAME],) * 3 + ("went back",),
    "a permit without a row": (GOOD, GOOD[:2], GOOD[:2], "no row for {Row"),
    "a row without a permit": (GOOD, [*GOOD, _row(3)], [*GOOD, _row(3)], "no permit for {Row"),
    "a row twice": (GOOD, [*GOOD, NAME], [*GOOD, NAME], "rows twice"),
    "rows in another order": (GOOD, [ONE, NAME, TWO], [ONE, NAME, TWO], "not in the order"),
    "an item twice": (GOOD, GOOD, [*GOOD, NAME], "pages unlike rows"),
    "an item that is not there": (GOOD, GOOD, GOOD[:2], "pages unlike rows"),
    "an item of another share": (GOOD, GOOD, [ONE, TWO, replace(NAME, share_id="x")], "pages unlike rows"),
}
"""What is permitted, stands in rows and comes with pages."""


def test_a_feed_that_is_as_the_log_has_it_is_taken() -> None:
    each_permit_once(CHARITY, GOOD, GOOD, _items(GOOD))


@pytest.mark.parametrize("fault", PERMITS)
def test_a_feed_that_is_not_as_the_log_has_it_is_found(fault: str) -> None:
    permitted, rows, shown, why = PERMITS[fault]
    with pytest.raises(AssertionError, match=why):
        each_permit_once(CHARITY, permitted, rows, _items(shown))


@dataclass
class MadePoller(Poller):
    """What it met is what it is given, and so is what the feed holds."""

    feed: list[Json] = field(default_factory=list)

    async def whole(self) -> list[Json]:
        return self.feed


def _poller(met: Sequence[Json], feed: Sequence[Json] = ()) -> MadePoller:
    return MadePoller(_world(), CHARITY, items=list(met), feed=list(feed))


def _met(index: int, **more: Any) -> Json:
    blank = {"cursor": f"c{index}", "item_id": f"i{index}", "receipt": {"index": index}, "person_id": WHO.id}
    return blank | {"type": "release.date-changed", "content": {"release_date": DAYS[index % 2 - 1]}} | more


FEED = [_met(1), _met(2), _met(3)]
POLLED: dict[str, tuple[Sequence[Json], Sequence[Json], str]] = {
    "an item skipped": ([FEED[0], FEED[2]], FEED, "2 of 3"),
    "an item met twice": ([*FEED, FEED[2]], FEED, "differ"),
    "a cursor moved": ([*FEED[:2], _met(3, cursor="c9")], FEED, "differ"),
    "another item at a cursor": ([*FEED[:2], _met(3, item_id="i9")], FEED, "differ"),
    "an item twice in the feed": ([*FEED, FEED[2]], [*FEED, FEED[2]], "twice"),
    "a feed that goes back": ([_met(2), _met(1)], [_met(2), _met(1)], "went back"),
}
"""What the live poller met, and what the feed holds."""


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is made up does not change, however long one waits."""

    async def ask(what: Callable[[], Awaitable[bool]], **_: float) -> None:
        assert await what()

    monkeypatch.setattr(checks, "eventually", ask)


async def test_a_poller_that_met_the_feed_is_taken() -> None:
    another = _met(4, person_id="another")
    assert await checks.polled_once(_poller([*FEED, another], [*FEED, another]), {WHO.id}) == FEED


@pytest.mark.parametrize("fault", POLLED)
async def test_a_poller_that_met_something_else_is_found(fault: str) -> None:
    met, feed, why = POLLED[fault]
    with pytest.raises(AssertionError, match=why):
        await checks.polled_once(_poller(met, feed), {WHO.id})


def _permit(version: int) -> Json:
    return {"recipient": CHARITY, "subject_ref": "r", "version": version}


def test_a_date_that_was_not_met_once_or_not_permitted_once_is_found() -> None:
    permits = [_permit(1), _permit(2), _permit(3) | {"recipient": PROBATION}]
    assert checks.once_each(_life(), CHARITY, DAYS, _poller(FEED[:2]), permits) == 2
    for met in (FEED[:1], FEED, FEED[1::-1]):
        with pytest.raises(AssertionError, match="was owed"):
            checks.once_each(_life(), CHARITY, DAYS, _poller(met), permits)
    for wrong in (permits[:1], [*permits, _permit(2)], permits[1::-1]):
        with pytest.raises(AssertionError, match="the log has"):
            checks.once_each(_life(), CHARITY, DAYS, _poller(FEED[:2]), wrong)


class _World:
    """Whoever asks, wherever, is answered the same; an agency sees the people of whom it has a date."""

    def __init__(self, answer: Any = None, dates: Json | None = None) -> None:
        self.answer = answer
        self.dates = dates or {}
        self.involved: tuple[str, list[str]] | None = None

    async def call(self, _: str, __: str) -> Answer:
        if self.involved is None:
            return Answer(404, {}, b"")
        state, roles = self.involved
        return Answer(200, {}, json.dumps({"state": state, "roles": roles}).encode())

    def desk(self, _: str) -> "_World":
        return self

    async def get(self, _: str) -> Any:
        return self.answer

    async def pages(self, _: str, **__: Any) -> AsyncIterator[Any]:
        for each in self.answer:
            yield each

    async def release(self, agency: str, _: Person) -> Any:
        return self.dates.get(agency)

    async def view(self, agency: str, _: Person) -> Json:
        return {"release": {}} if agency in self.dates else {}


def _world(answer: Any = None, **dates: Json) -> Any:
    return _World(answer, **dates)


def _answering(*, state: str, involved: tuple[str, list[str]] | None = None) -> Any:
    """Where a referral is in this state, and its receiver involved like that."""
    world = _World({"state": state})
    world.involved = involved
    return world


def test_a_referral_that_did_not_come_once_is_found() -> None:
    permits = [{"category": "referral", "recipient": MOORLAND, "version": n, "share_id": f"s{n}"} for n in (1, 2)]
    items = [_met(n, category="referral", share_id=f"s{n}", content=REFERRED) for n in (1, 2)]
    checks.referred_once(_life(), permits, _poller(items))
    of_another = [items[0], items[1] | {"content": REFERRED | {"referral_id": "x"}}]
    for permitted, met in (
        (permits[::-1], items[::-1]),
        ([*permits, permits[1]], [*items, items[1]]),
        (permits, items[:1]),
        (permits, [*items, items[1]]),
        (permits, of_another),
    ):
        with pytest.raises(AssertionError):
            checks.referred_once(_life(), permitted, _poller(met))


async def test_an_answer_that_did_not_come_once_or_changed_nothing_is_found() -> None:
    permits = [{"category": "referral-status", "recipient": NORTHGATE, "version": 1, "share_id": "s1"}]
    items = [_met(1, category="referral-status", share_id="s1")]
    taken_on = _life(taken_on=True)
    holds: Json = {"state": "accepted", "involved": ("confirmed", ["mental-health-care"])}
    await checks.answered_once(_answering(**holds), taken_on, permits, _poller(items))
    await checks.answered_once(_answering(state="received"), _life(), [], _poller([]))
    for changed, permitted, met in (
        ({}, permits, []),
        ({}, permits * 2, items * 2),
        ({}, [permits[0] | {"version": 2}], items),
        ({}, permits, items * 2),
        ({"state": "received"}, permits, items),
        ({"involved": None}, permits, items),
        ({"involved": ("claimed", ["mental-health-care"])}, permits, items),
    ):
        with pytest.raises(AssertionError):
            await checks.answered_once(_answering(**holds | changed), taken_on, permitted, _poller(met))
    with pytest.raises(AssertionError):
        await checks.answered_once(_answering(**holds | {"state": "received"}), _life(), [], _poller([]))


async def test_what_was_said_and_does_not_stand_once_in_the_log_is_found() -> None:
    claims: list[Json] = [
        {"kind": "claim", "agency": agency, "facts": {"state": "claimed"}} for agency in (PROBATION, CHARITY)
    ]
    consent, withdrawal = {"kind": "consent"}, {"kind": "withdrawal"}
    await checks.said_once(_world([consent, *claims, {"kind": "share"}]), _life())
    await checks.said_once(_world([consent, withdrawal, *claims]), _life(withdrawn=True))
    for log in (claims, [consent, consent, *claims], [consent, withdrawal, *claims], [consent, claims[0]]):
        with pytest.raises(AssertionError):
            await checks.said_once(_world(log), _life())
    with pytest.raises(AssertionError, match="claimed twice"):
        await checks.said_once(_world([consent, *claims, claims[0]]), _life())


async def test_a_feed_that_lacks_what_is_permitted_is_found() -> None:
    await checks.reconciled(_world({"items": [{"agency": CHARITY, "missing": 0}]}))
    with pytest.raises(AssertionError, match="lack"):
        await checks.reconciled(_world({"items": [{"agency": CHARITY, "missing": 1}]}))


def _said(**changed: Any) -> list[Json]:
    """A feed's last item of each category, for a trust."""
    identity = {"name": {"given": "Robin"}, "identifiers": [{"scheme": "noms", "value": WHO.noms}]}
    custody = {"status": "received", "prison": NORTHGATE}
    last: Json = {"release-date": {"release_date": DAYS[-1]}, "identity": identity, "custody-status": custody}
    last |= {"referral": REFERRED}
    last |= {name.replace("_", "-"): last[name.replace("_", "-")] | content for name, content in changed.items()}
    return [{"person_id": WHO.id, "category": category, "content": content} for category, content in last.items()]


WRONG: dict[str, Json] = {
    "an old date": {"release_date": {"release_date": DAYS[0]}},
    "another name": {"identity": {"name": {"given": "Robyn"}}},
    "no number": {"identity": {"identifiers": []}},
    "another status": {"custody_status": {"status": "released"}},
    "another prison": {"custody_status": {"prison": "hmp-southmoor"}},
    "another referral": {"referral": {"referral_id": "x"}},
    "another receiver": {"referral": {"receiver": CHARITY}},
}


@pytest.mark.parametrize("fault", WRONG)
def test_a_feed_that_does_not_say_the_last_is_found(fault: str) -> None:
    shows_the_last(_life(), MOORLAND, _said())
    with pytest.raises(AssertionError):
        shows_the_last(_life(), MOORLAND, _said(**WRONG[fault]))


def test_a_feed_that_still_says_what_was_withdrawn_is_found() -> None:
    blank: Json = {"person_id": WHO.id, "item_id": "i", "basis": "consent", "category": "identity", "content": None}
    said, ended = blank | {"type": "identity.changed"}, blank | {"type": "withdrawn"}
    shows_the_last(_life(withdrawn=True), CHARITY, [said, ended])
    for left in ([said], [ended, said], [said | {"content": {}}, ended], [said | {"basis": "statutory"}, ended]):
        with pytest.raises(AssertionError):
            shows_the_last(_life(withdrawn=True), CHARITY, left)


async def test_a_view_that_does_not_show_the_last_is_found() -> None:
    both, one, old = dict.fromkeys((PROBATION, CHARITY), DAYS[-1]), {PROBATION: DAYS[-1]}, {PROBATION: DAYS[0]}
    await views_show_the_last(_world(dates=both), _life())
    await views_show_the_last(_world(dates=one), _life(withdrawn=True))
    for dates, withdrawn in ((both, True), (one, False), (old, True), (both | old, False)):
        with pytest.raises(AssertionError):
            await views_show_the_last(_world(dates=dates), _life(withdrawn=withdrawn))
