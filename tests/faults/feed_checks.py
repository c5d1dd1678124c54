"""What feeds and views hold in the end: each permit of the log once, nothing else, and what was last acknowledged.

Judged item by item in the gateway's own rows and over HTTP, because a count of both could be wrong in both directions.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.faults.client import FaultyWorld
from tests.faults.own_rows import rows_as
from tests.faults.traffic import Life
from tests.support.stack import RunningStack
from tests.system.referring import MOORLAND
from tests.system.world import CHARITY, NORTHGATE, PROBATION

Items = Sequence[Mapping[str, Any]]

_ROWS = """
SELECT person_id, category, subject_ref, version, share_id FROM feed_item
WHERE kind = 'share' AND person_id = ANY(%s) ORDER BY cursor
"""


@dataclass(frozen=True, slots=True)
class Row:
    """A version of a fact that one agency has: a row of its feed, or a permit that names it."""

    person_id: str
    category: str
    subject_ref: str
    version: int
    share_id: str


def rows_of(stack: RunningStack, agency: str, people: Collection[str]) -> list[Row]:
    """The shares about these people in the rows of the agency's feed, the oldest first."""
    with rows_as(stack, agency) as connection:
        return [Row(*found) for found in connection.execute(_ROWS, (list(people),))]


def permitted_to(agency: str, permits: Sequence[Mapping[str, Any]]) -> list[Row]:
    """What the log permits this agency of these entries, in its order."""
    mine = [permit for permit in permits if permit["recipient"] == agency]
    names = ("person_id", "category", "subject_ref", "version", "share_id")
    return [Row(*(permit[name] for name in names)) for permit in sorted(mine, key=lambda permit: int(permit["index"]))]


def each_permit_once(agency: str, permitted: Sequence[Row], rows: Sequence[Row], items: Items) -> None:
    """Each (fact, version) is permitted once and in its turn, stands once in the feed's rows, and comes once with its
    pages."""
    facts = Counter((row.category, row.subject_ref, row.version) for row in permitted)
    assert not (twice := [fact for fact, count in facts.items() if count > 1]), f"permitted twice to {agency}: {twice}"
    rising = sorted(permitted, key=lambda row: (row.category, row.subject_ref, row.version))
    in_turn = sorted(permitted, key=lambda row: (row.category, row.subject_ref))
    assert in_turn == rising, f"a version that {agency} was permitted went back"
    missing, more = set(permitted) - set(rows), set(rows) - set(permitted)
    assert (missing, more) == (set(), set()), f"{agency}: no row for {missing}, no permit for {more}"
    assert list(rows) == list(permitted), f"{agency}: rows twice, or not in the order of the log"
    shown = [(item["person_id"], item["category"], item["share_id"]) for item in items if _is_share(item)]
    assert shown == [(row.person_id, row.category, row.share_id) for row in rows], f"{agency}: pages unlike rows"


def shows_the_last(life: Life, agency: str, items: Items) -> None:
    """Of each subject the feed's last item says what was acknowledged last; on a consent that is gone, nothing."""
    mine = [item for item in items if item["person_id"] == life.person.id]
    if agency == CHARITY and life.withdrawn:
        assert {item["basis"] for item in mine} == {"consent"}
        said = [item["item_id"] for item in mine if item["content"] is not None]
        assert not said, f"the feed still says what rested on consent: {said}"
        ends = {item["category"]: item["type"] for item in mine}
        assert set(ends.values()) == {"withdrawn"}, f"nobody told the charity of the withdrawal: {ends}"
        return
    last = {item["category"]: item["content"] for item in mine}
    if agency == NORTHGATE:
        answered = {"referral-status": {"referral_id": life.referral, "state": "accepted"}}
        assert last == (answered if life.taken_on else {}), f"{agency} has of its referral {last}"
        return
    assert last["release-date"]["release_date"] == life.dates[-1], f"{agency} has an old date"
    assert last["identity"]["name"]["given"] == "Robin"
    if agency != CHARITY:
        assert last["identity"]["identifiers"] == [{"scheme": "noms", "value": life.person.noms}]
        assert (last["custody-status"]["status"], last["custody-status"]["prison"]) == ("received", NORTHGATE)
    if agency == MOORLAND:
        assert (last["referral"]["referral_id"], last["referral"]["receiver"]) == (life.referral, MOORLAND)


async def views_show_the_last(world: FaultyWorld, life: Life) -> None:
    """Probation, and the charity while it may, see the last date; on a consent that is gone it sees nothing."""
    assert await world.release(PROBATION, life.person) == life.dates[-1], "probation sees an old date"
    if life.withdrawn:
        view = await world.view(CHARITY, life.person)
        assert [name for name in view if name != "person_id" and view[name] != []] == [], "a view outlived its consent"
    else:
        assert await world.release(CHARITY, life.person) == life.dates[-1], "the charity sees an old date"


def _is_share(item: Mapping[str, Any]) -> bool:
    """Whether the item carries a share, as against saying something of one."""
    return bool(item["item_id"] == item["share_id"])
