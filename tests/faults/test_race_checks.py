"""What judges a race fails when it should: each fault is put before it once, made up."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.faults.race_bulk import full_at
from tests.faults.race_checks import (
    Entry,
    decided_while_suspended,
    mixed,
    permits_after_acknowledgement,
    permits_after_objection,
    verdicts,
    withdrawn_shares,
)
from tests.faults.race_consents import permits_after_withdrawal
from tests.faults.race_feeds import Held, lacking, left_behind, unheard_of
from tests.faults.race_operators import Suspension
from tests.faults.races import OBJECTED_TO, Objection, Withdrawal
from tests.faults.watching import LONGEST, SLOWER, Watch
from tests.system.world import CHARITY, DRUGS, PROBATION

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
PERSON = "a-person"
SAID = {PERSON: ('"Testcase1"', "Ask at the gate for B0001AA")}
CONTENT = {"name": {"family": "Testcase1"}, "reporting": "Ask at the gate for B0001AA"}


def _at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def _share(index: int, *, to: str = CHARITY, of: str = PERSON, consent: str | None = "c", **leaf: Any) -> Entry:
    said = {"share_id": f"s{index}", "recipient": to, "category": "release-date", "version": 1, "basis": "consent"}
    said |= {"decision": "permitted", "decided_at": _at(index).isoformat()}
    return Entry(index, "share", said | leaf, {"person_id": of, "subject_ref": "r", "consent_id": consent})


def _refused(index: int, reason: str, **leaf: Any) -> Entry:
    return _share(index, consent=None, decision="refused", basis=None, reason=reason, **leaf)


def _noted(index: int, kind: str, *, of: str = PERSON, **detail: str | None) -> Entry:
    return Entry(index, kind, {"decided_at": _at(index).isoformat()}, {"person_id": of} | detail)


def test_a_permit_after_a_withdrawal_in_the_log_is_found() -> None:
    given, of_another = (_noted(index, "consent", consent_id=each) for index, each in enumerate("cd"))
    one, all_of_them = _noted(3, "withdrawal", consent_id="c"), _noted(3, "withdrawal", consent_id=None)
    assert list(permits_after_withdrawal([given, of_another, _share(2), one, _share(4, consent="d")])) == []
    for log in ([given, one], [given, all_of_them], [one]):
        assert len(list(permits_after_withdrawal([*log, _share(4), _refused(5, "consent-withdrawn")]))) == 1


def test_a_permit_after_the_other_number_s_withdrawal_is_found_once_consent_knows_that_the_two_are_one() -> None:
    given, merged = _noted(0, "consent", consent_id="c"), _noted(2, "merge", of="kept", removed_id=PERSON)
    withdrawn, parted = _noted(4, "withdrawal", of="kept", consent_id=None), replace(merged, index=6)
    news, again = (_refused(3, "consent-missing", of="kept", version=each) for each in (2, 1))
    unheard = [given, _share(1), merged, news, withdrawn, _share(5)]
    heard = [given, _share(1), merged, again, withdrawn]
    for good in (unheard, [given, _share(1), merged, parted, replace(withdrawn, index=7), _share(8)]):
        assert list(permits_after_withdrawal(good)) == []
    for wrong in (
        [*unheard, _share(6, of="kept")],
        [*heard, _share(5)],
        [*heard, _share(5, of="kept")],
        [given, _share(1), merged, withdrawn, parted, _share(7)],
        [*unheard, parted, _share(7)],
    ):
        assert len(list(permits_after_withdrawal(wrong))) == 1
    again_at_five = _noted(5, "consent", consent_id="c")
    for agreed in ([withdrawn, again_at_five], [replace(again_at_five, index=3), withdrawn]):
        assert list(permits_after_withdrawal([_share(1), merged, *agreed, _share(6, of="kept")])) == []


def test_a_consent_that_is_no_basis_and_a_basis_that_names_none_are_found() -> None:
    good = [_share(1), _share(2, consent=None, basis="statutory"), _refused(3, "consent-withdrawn")]
    assert list(mixed(good)) == []
    assert len(list(mixed([*good, _share(4, basis="statutory"), _share(5, consent=None)]))) == 2


def test_a_permit_after_an_acknowledged_withdrawal_is_found() -> None:
    told = [Withdrawal(frozenset("c"), _at(5))]
    assert list(permits_after_acknowledgement([_share(5), _share(4)], told)) == []
    assert len(list(permits_after_acknowledgement([_share(6), _share(7, consent="d")], told))) == 1
    assert withdrawn_shares([_share(1), _share(2, consent="d")], told) == {"s1": _at(5)}


def test_a_permit_after_an_acknowledged_objection_is_found() -> None:
    told = [Objection(PERSON, _at(9)), Objection(PERSON, _at(5))]
    before, after = (_share(index, to=OBJECTED_TO, consent=None, basis="statutory") for index in (4, 6))
    assert list(permits_after_objection([before, _share(6)], told)) == []
    assert len(list(permits_after_objection([after], told))) == 1


def test_what_is_decided_while_suspended_is_counted_by_verdict() -> None:
    during = [Suspension(_at(2), _at(5))]
    log = [
        _share(1, to=DRUGS),
        _share(3, to=DRUGS),
        _refused(4, "agency-suspended", recipient=DRUGS),
        _share(6, to=DRUGS),
    ]
    assert decided_while_suspended(log, during) == {"permitted": 1, "agency-suspended": 1}
    assert decided_while_suspended([_share(3)], during) == {}


def test_verdicts_on_law_and_refusals_for_other_reasons_balance_nothing() -> None:
    by_law = _share(1, to=PROBATION, basis="statutory", consent=None)
    log = [by_law, _share(2), _refused(3, "consent-withdrawn"), _refused(4, "agency-suspended", recipient=DRUGS)]
    assert verdicts(log, {PERSON}) == {"permitted": 1, "refused": 1}
    assert verdicts(log, {"another"}) == {}


def _item(**more: Any) -> dict[str, Any]:
    blank = {"share_id": "s1", "person_id": PERSON, "type": "release.date-changed", "category": "release-date"}
    return blank | {"receipt": {"index": 1}, "content": None, "change": None, "withdrawn": True} | more


def _held(*items: dict[str, Any], feed: Sequence[Any] = (), view: Sequence[Any] = ()) -> Held:
    return Held(CHARITY, items, feed, view)


def test_whatever_is_left_of_who_withdrew_is_found() -> None:
    assert list(left_behind(_held(_item()), SAID)) == []
    full, elsewhere = _item(content=CONTENT), _item(content=CONTENT, person_id="merged")
    for left in (
        _held(_item(withdrawn=False)),
        _held(_item(change={"previous_date": "2027-03-01"})),
        _held(full),
        _held(elsewhere),
        _held(feed=[(PERSON, "2027-03-01", "{}")]),
        _held(feed=[("merged", None, "Ask at the gate for B0001AA")]),
        _held(view=[(PERSON, "{}")]),
        _held(view=[("merged", '{"family": "Testcase1"}')]),
    ):
        assert list(left_behind(left, SAID)) != []
    assert unheard_of(_held(_item()), SAID) == set()
    assert unheard_of(_held(full | {"withdrawn": None}), SAID) == {PERSON}


def test_hiding_everything_is_found() -> None:
    view = [(PERSON, '{"family": "Testcase1"}'), (PERSON, "Ask at the gate for B0001AA")]
    assert list(lacking(_held(_item(content=CONTENT), view=view), SAID)) == []
    assert list(lacking(_held(_item(), view=view), SAID)) != []
    assert list(lacking(_held(_item(content=CONTENT)), SAID)) != []


def test_a_moment_at_which_nothing_waited_is_found() -> None:
    looks = [(_at(0), 5), (_at(1), 9), (_at(2), 0), (_at(3), 4)]
    assert full_at([_at(0.5)], looks) == 1
    assert full_at([_at(-1), _at(1.5), _at(2.5), _at(4)], looks) == 0


def _watch(*looks: dict[str, str]) -> Watch:
    """A watch that found these shares of these persons, a second between two looks."""
    watch = Watch()
    for number, look in enumerate(looks):
        watch.note([(share, person, _at(number)) for share, person in look.items()])
    return watch


def test_a_share_that_comes_again_is_found_and_another_in_its_place_is_not() -> None:
    assert _watch({"s1": "a"}, {"s2": "a"}, {}, {"s3": "a"}).returned == set()
    assert _watch({"s1": "a"}, {}, {"s1": "a"}).returned == {"s1"}


def test_a_person_who_is_seen_again_is_found_and_one_whose_share_is_replaced_is_not() -> None:
    last = {"a": _at(1)}
    assert _watch({"s1": "a"}, {"s1": "a"}, {"s2": "a"}, {}, {"s3": "b"}).seen_again(last) == set()
    assert _watch({"s1": "a"}, {}, {"s2": "a"}, {"s2": "a"}).seen_again({"a": _at(3)}) == set()
    assert _watch({"s1": "a"}, {"s1": "a"}, {}, {"s2": "a"}).seen_again(last) == {"a"}


def test_how_long_a_person_stayed_is_until_the_last_look_that_found_them() -> None:
    watch = _watch({"s1": "a"}, {"s1": "a"}, {}, {"s2": "a"}, {})
    assert watch.went_after({"a": _at(1)}) == [2.0]
    assert watch.outstayed({"s1": _at(0), "never-seen": _at(0)}) == [1.0]
    assert watch.came_after({"s2": _at(1)}) == [2.0]


def test_a_withdrawal_that_takes_longer_than_a_share_is_late() -> None:
    watch = Watch()
    assert watch.late(went=[0.1, 0.2], outstayed=[0.0], came=[0.1, 0.3]) is None
    assert watch.late(went=[SLOWER + 0.1], outstayed=[0.0], came=[1.0])
    assert watch.late(went=[0.1, 0.1, LONGEST + 0.1], outstayed=[0.0], came=[1.0])
    assert watch.late(went=[0.1], outstayed=[LONGEST + 0.1], came=[1.0])
    assert replace(watch, longest_pause_s=1.0).late(went=[0.1], outstayed=[LONGEST + 0.1], came=[1.0]) is None
