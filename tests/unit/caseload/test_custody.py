"""Custody as a table over movements."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caseload.domain.custody import (
    MOVES,
    Custody,
    Effect,
    Movement,
    NotInCustody,
    Place,
    effect_of,
    is_stale,
    move,
    replay,
)
from caseload.domain.hmpps import RECALL_CODES, RECEIVED, status_of
from contracts.codes import CustodyStatus
from contracts.hmpps import HmppsEvent, HmppsKind

START = datetime(2026, 1, 1, tzinfo=UTC)
PRISONS = ("hmp-northgate", "hmp-southmoor")


def moved(status: CustodyStatus, reporter: str = PRISONS[0], *, hour: int = 0, **more: object) -> Movement:
    to = PRISONS[1] if status is CustodyStatus.TRANSFERRED else None
    return Movement(f"m{hour:03}", status, START + timedelta(hours=hour), reporter, to, **more)  # type: ignore[arg-type]


def test_the_table_covers_every_movement_from_every_place() -> None:
    assert set(MOVES) == set(product(CustodyStatus, Place))


def test_only_the_holder_releases_and_transfers() -> None:
    refused = {pair for pair, effect in MOVES.items() if effect is Effect.REFUSED}
    assert refused == set(
        product((CustodyStatus.RELEASED, CustodyStatus.TRANSFERRED), (Place.OUTSIDE, Place.ELSEWHERE))
    )
    held = move(None, moved(CustodyStatus.RECEIVED))
    with pytest.raises(NotInCustody):
        move(held, moved(CustodyStatus.RELEASED, PRISONS[1], hour=1))
    assert move(held, moved(CustodyStatus.RELEASED, PRISONS[1], hour=1, national=True)).prison is None


def test_a_transfer_keeps_the_time_in_custody_and_a_new_reception_opens_another() -> None:
    first = move(None, moved(CustodyStatus.RECEIVED))
    second = move(first, moved(CustodyStatus.TRANSFERRED, hour=1))
    assert (second.prison, second.custody_id) == (PRISONS[1], first.custody_id)
    out = move(second, moved(CustodyStatus.RELEASED, PRISONS[1], hour=2))
    assert (out.prison, out.last_prison, out.custody_id) == (None, PRISONS[1], first.custody_id)
    back = move(out, moved(CustodyStatus.RECALLED, hour=3))
    assert (back.prison, back.custody_id) == (PRISONS[0], "m003")


def registered(number: int = 0, reporter: str = PRISONS[0]) -> Movement:
    """Somebody registered late in the evening, after `number` other things were recorded."""
    return Movement(f"m{number:03}", CustodyStatus.RECEIVED, START + timedelta(hours=900), reporter, opens=True)


def test_a_registration_says_where_and_not_since_when_so_no_movement_is_older_than_it() -> None:
    held = move(None, registered())
    assert (held.prison, held.at, held.moved_at) == (PRISONS[0], START + timedelta(hours=900), None)
    first = moved(CustodyStatus.RELEASED, hour=1)
    assert not is_stale(held, first.at)
    out = move(held, first)
    assert (out.prison, out.custody_id, out.moved_at) == (None, held.custody_id, first.at)
    assert is_stale(out, first.at - timedelta(hours=1))
    again = move(out, registered(2, PRISONS[1]))
    assert (again.prison, again.custody_id, again.moved_at) == (PRISONS[1], "m002", first.at)
    assert is_stale(again, first.at - timedelta(hours=1))


recorded = st.lists(
    st.tuples(
        st.sampled_from(list(CustodyStatus)),
        st.sampled_from(PRISONS),
        st.integers(0, 400),
        st.booleans(),
        st.booleans(),
    ),
    max_size=12,
)


@given(recorded)
def test_replaying_what_was_applied_one_by_one_gives_the_same_custody(
    told: list[tuple[CustodyStatus, str, int, bool, bool]],
) -> None:
    custody: Custody | None = None
    applied: list[Movement] = []
    for number, (status, prison, hour, national, opens) in enumerate(told):
        movement = replace(moved(status, prison, hour=hour, national=national), id=f"m{number:03}")
        if opens:
            movement = registered(number, prison)
        elif is_stale(custody, movement.at) or effect_of(custody, movement) is Effect.REFUSED:
            continue
        custody = move(custody, movement)
        applied.append(movement)
    assert replay(applied) == replay(reversed(applied)) == custody


movements = st.lists(
    st.builds(
        moved,
        st.sampled_from(list(CustodyStatus)),
        st.sampled_from(PRISONS),
        hour=st.integers(0, 400),
        national=st.booleans(),
    ),
    unique_by=lambda movement: movement.id,
    max_size=12,
)


@given(movements)
def test_replaying_gives_the_same_in_whatever_order_they_came(events: list[Movement]) -> None:
    assert replay(events) == replay(list(reversed(events)))


@given(movements)
def test_custody_is_the_newest_possible_movement_s(events: list[Movement]) -> None:
    custody: Custody | None = None
    for event in sorted(events, key=lambda event: event.at):
        assert not is_stale(custody, event.at)
        if effect_of(custody, event) is not Effect.REFUSED:
            custody = move(custody, event)
            assert custody.movement_id == event.id
            assert (custody.prison is None) == (event.status is CustodyStatus.RELEASED)
            assert is_stale(custody, event.at - timedelta(seconds=1))
    assert replay(events) == custody


def event(kind: HmppsKind, reason: str | None, code: str | None = None) -> HmppsEvent:
    return HmppsEvent("id", kind, "type", START, "A1234AA", prison_id="SWI", reason=reason, movement_reason_code=code)


def test_a_release_is_real_only_when_its_reason_is_released() -> None:
    assert status_of(event(HmppsKind.RELEASED, "RELEASED")) is CustodyStatus.RELEASED
    for reason in (
        "SENT_TO_COURT",
        "TRANSFERRED",
        "RELEASED_TO_HOSPITAL",
        "TEMPORARY_ABSENCE_RELEASE",
        None,
        "released",
    ):
        assert status_of(event(HmppsKind.RELEASED, reason)) is None


def test_receptions_by_reason_and_recalls_by_code() -> None:
    for reason, status in RECEIVED.items():
        assert status_of(event(HmppsKind.RECEIVED, reason, "INTAKE")) is status
    for code in RECALL_CODES:
        assert status_of(event(HmppsKind.RECEIVED, "ADMISSION", code)) is CustodyStatus.RECALLED
        assert status_of(event(HmppsKind.RECEIVED, "TRANSFERRED", code)) is CustodyStatus.TRANSFERRED
    assert status_of(event(HmppsKind.RECEIVED, "SOMETHING_NEW")) is CustodyStatus.RECEIVED
    assert status_of(event(HmppsKind.MERGED, "ADMISSION")) is None
