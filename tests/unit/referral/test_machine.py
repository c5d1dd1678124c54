"""The table of a referral's life: every state, action and role."""

from itertools import product
from pathlib import Path

import pytest

from contracts.codes import AppointmentOutcome, OutcomeResult, ReferralAction, ReferralRole, ReferralState
from referral.domain.diagram import page
from referral.domain.machine import (
    ACCEPTED,
    ENDED,
    LIVE,
    TRANSITIONS,
    Stays,
    TransitionNotAllowed,
    allowed_actions,
    find,
    is_taken_on,
    next_state,
)

S, A, R = ReferralState, ReferralAction, ReferralRole
EVERY = list(product(ReferralState, ReferralAction, ReferralRole))
OUTCOMES: list[str | None] = [None, *OutcomeResult, *AppointmentOutcome]

WANTED: dict[str, dict[str, str]] = {
    "draft": {"sender submission": "submitted", "sender withdrawal": "withdrawn", "system expiry": "expired"},
    "submitted": {
        "sender withdrawal": "withdrawn",
        "system receipt": "received",
        "system refusal": "awaiting-consent",
        "system expiry": "expired",
    },
    "awaiting-consent": {
        "sender withdrawal": "withdrawn",
        "system basis": "submitted",
        "system expiry": "expired",
    },
    "received": {
        "sender withdrawal": "withdrawn",
        "sender appointments": "received",
        "sender attendance": "received",
        "sender waiting-update": "received",
        "receiver acceptance": "accepted",
        "receiver rejection": "rejected",
        "receiver advice": "returned-with-advice",
        "receiver information-request": "information-requested",
        "receiver hold": "on-hold",
        "receiver appointments": "received",
        "receiver attendance": "received",
        "receiver waiting-update": "received",
        "system consent-withdrawal": "consent-withdrawn",
        "system expiry": "expired",
    },
    "information-requested": {
        "sender information": "received",
        "sender withdrawal": "withdrawn",
        "sender appointments": "information-requested",
        "sender attendance": "information-requested",
        "sender waiting-update": "information-requested",
        "receiver rejection": "rejected",
        "system consent-withdrawal": "consent-withdrawn",
        "system expiry": "expired",
    },
    "on-hold": {
        "sender withdrawal": "withdrawn",
        "sender appointments": "on-hold",
        "sender attendance": "on-hold",
        "sender waiting-update": "on-hold",
        "receiver rejection": "rejected",
        "receiver resumption": "received",
        "receiver appointments": "on-hold",
        "receiver attendance": "on-hold",
        "receiver waiting-update": "on-hold",
        "system consent-withdrawal": "consent-withdrawn",
        "system expiry": "expired",
    },
    "returned-with-advice": {
        "sender submission": "submitted",
        "sender withdrawal": "withdrawn",
        "sender closure": "closed",
        "system consent-withdrawal": "consent-withdrawn",
        "system expiry": "expired",
    },
    "accepted": {
        "sender withdrawal": "withdrawn",
        "sender appointments": "accepted",
        "sender attendance": "accepted",
        "sender waiting-update": "accepted",
        "receiver allocation": "allocated",
        "receiver appointments": "accepted",
        "receiver attendance": "in-progress",
        "receiver waiting-update": "accepted",
        "receiver outcome": "completed",
        "system consent-withdrawal": "consent-withdrawn",
    },
    "allocated": {
        "sender withdrawal": "withdrawn",
        "sender appointments": "allocated",
        "sender attendance": "allocated",
        "sender waiting-update": "allocated",
        "receiver allocation": "allocated",
        "receiver appointments": "allocated",
        "receiver attendance": "in-progress",
        "receiver waiting-update": "allocated",
        "receiver outcome": "completed",
        "system consent-withdrawal": "consent-withdrawn",
    },
    "in-progress": {
        "sender withdrawal": "withdrawn",
        "sender appointments": "in-progress",
        "sender attendance": "in-progress",
        "sender waiting-update": "in-progress",
        "receiver allocation": "in-progress",
        "receiver appointments": "in-progress",
        "receiver attendance": "in-progress",
        "receiver waiting-update": "in-progress",
        "receiver outcome": "completed",
        "system consent-withdrawal": "consent-withdrawn",
    },
    "consent-withdrawn": {
        "sender withdrawal": "withdrawn",
        "receiver outcome": "completed",
        "system basis": "allocated",
        "system expiry": "expired",
    },
    "rejected": {"sender closure": "closed"},
    "completed": {},
    "prematurely-ended": {},
    "withdrawn": {},
    "expired": {},
    "closed": {},
}
"""State -> role and action -> what follows, written down apart from the table: with an outcome, that of a person who
came and was helped; back to `allocated` when consent is given again."""

HELPED = {A.OUTCOME: OutcomeResult.COMPLETED, A.ATTENDANCE: AppointmentOutcome.ATTENDED}


@pytest.mark.parametrize(("state", "action", "role"), EVERY)
def test_every_state_action_and_role(state: ReferralState, action: ReferralAction, role: ReferralRole) -> None:
    wanted = WANTED[state].get(f"{role} {action}")
    outcome = HELPED.get(action)
    if wanted is None:
        with pytest.raises(TransitionNotAllowed) as refused:
            next_state(state, action, role, resumes=S.ALLOCATED, outcome=outcome)
        assert refused.value.extra == {
            "state": state.value,
            "allowed_actions": [each.value for each in allowed_actions(state, role)],
        }
        assert action not in allowed_actions(state, role)
    else:
        assert next_state(state, action, role, resumes=S.ALLOCATED, outcome=outcome) == wanted
        assert action in allowed_actions(state, role)


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_at_most_one_row_holds_whatever_the_outcome(outcome: str | None) -> None:
    for state, action, role in EVERY:
        rows = [
            row
            for row in TRANSITIONS
            if row.by is role and row.action is action and state in row.from_ and (not row.when or outcome in row.when)
        ]
        assert len(rows) <= 1
        assert find(state, action, role, outcome=outcome) is (rows[0] if rows else None)


@pytest.mark.parametrize("state", sorted(ACCEPTED))
def test_who_did_not_come_has_not_begun(state: ReferralState) -> None:
    for outcome in AppointmentOutcome:
        began = outcome in (AppointmentOutcome.ATTENDED, AppointmentOutcome.LATE)
        wanted = S.IN_PROGRESS if began else state
        assert next_state(state, A.ATTENDANCE, R.RECEIVER, outcome=outcome) is wanted


def test_disengagement_ends_early() -> None:
    for result in OutcomeResult:
        wanted = S.COMPLETED if result is OutcomeResult.COMPLETED else S.PREMATURELY_ENDED
        assert next_state(S.IN_PROGRESS, A.OUTCOME, R.RECEIVER, outcome=result) is wanted


def test_every_state_is_live_or_ended_or_a_draft() -> None:
    assert LIVE | ENDED | {S.DRAFT} == set(S)
    assert not LIVE & ENDED
    assert all(next_state(state, A.WITHDRAWAL, R.SENDER) is S.WITHDRAWN for state in LIVE)


def test_nothing_leaves_an_end_but_the_sender_s_closure() -> None:
    leaving = {(row.action, state) for row in TRANSITIONS for state in row.from_ & ENDED}
    assert leaving == {(A.CLOSURE, S.REJECTED)}


def test_every_state_is_reached_and_every_action_is_somebody_s() -> None:
    reached = {row.to for row in TRANSITIONS if not isinstance(row.to, Stays)}
    assert reached == set(S) - {S.DRAFT}
    assert {row.action for row in TRANSITIONS} == set(A)


def test_a_person_is_on_the_books_from_acceptance_on_consent_withdrawn_or_not() -> None:
    for state in S:
        assert is_taken_on(state, None) is (state in ACCEPTED)
    assert is_taken_on(S.CONSENT_WITHDRAWN, S.IN_PROGRESS)
    assert not is_taken_on(S.CONSENT_WITHDRAWN, S.RECEIVED)


def test_the_diagram_in_the_repository_is_the_table() -> None:
    assert (Path(__file__).resolve().parents[3] / "docs/states/referral.md").read_text(encoding="utf-8") == page()
