"""The table of a screening request: every side, state and step."""

from itertools import product

import pytest

from contracts.codes import ReferralRole
from contracts.screening import ScreeningState
from referral.domain.screening import RECEIVER, SENDER, Step, after, may_answer

WANTED = {
    "sender pending reached": "received",
    "sender pending refused": "awaiting-consent",
    "sender awaiting-consent reached": "received",
    "sender awaiting-consent shown": "answered",
    "sender received refused": "awaiting-consent",
    "sender received shown": "answered",
    "sender answered hidden": "awaiting-consent",
    "receiver pending reached": "received",
    "receiver pending refused": "awaiting-consent",
    "receiver awaiting-consent reached": "received",
    "receiver received refused": "awaiting-consent",
    "receiver received answer": "answered",
}
EVERY = list(product((SENDER, RECEIVER), ScreeningState, Step))


@pytest.mark.parametrize(("role", "state", "step"), EVERY)
def test_every_side_state_and_step(role: ReferralRole, state: ScreeningState, step: Step) -> None:
    assert after(role, state, step) == WANTED.get(f"{role} {state} {step}")


def test_nothing_that_only_the_other_side_may_know_moves_a_side() -> None:
    assert [state for state in ScreeningState if after(SENDER, state, Step.ANSWER)] == []
    assert [
        state for state in ScreeningState for step in (Step.SHOWN, Step.HIDDEN) if after(RECEIVER, state, step)
    ] == []


def test_an_answer_is_given_once_by_who_was_asked() -> None:
    assert [
        (role, state) for role, state in product((SENDER, RECEIVER), ScreeningState) if may_answer(role, state)
    ] == [(RECEIVER, ScreeningState.RECEIVED)]
