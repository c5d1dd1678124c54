"""A statutory gateway is never called consent, and an emergency override is never called either (invariant 8).

Basis is a union of three, `consent_id` is set if and only if it is consent, and a decision that contradicts itself
cannot be made.
"""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from contracts.codes import AgencyKind, Basis, Effect, Reason, Verdict
from contracts.decisions import Decision

FIXED: dict[str, Any] = {
    "share_id": "s",
    "recipient": "police-north",
    "recipient_kind": AgencyKind.POLICE,
    "purpose": None,
    "policy_hash": "ab" * 32,
    "decided_at": datetime(2026, 11, 2, 10, 14, tzinfo=UTC),
}
GROUND = ("basis", "agreement", "agreement_version", "clause")


def none_or(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from((None, *values))


DECISIONS = st.fixed_dictionaries(
    {
        "verdict": st.sampled_from(Verdict),
        "basis": none_or(*Basis),
        "agreement": none_or("north-isa"),
        "agreement_version": none_or("1.0.0"),
        "clause": none_or("2.1"),
        "consent_id": none_or("c"),
        "reason": none_or(*Reason),
        "ends": none_or("other"),
        "effect": none_or(*Effect),
        "content": none_or({}, {"release_date": "2026-12-04"}),
    }
)
SOUND = st.builds(
    lambda permitted, basis, reason, ending, content: {
        "verdict": Verdict.PERMITTED if permitted else Verdict.REFUSED,
        "basis": basis if permitted else None,
        "agreement": "north-isa" if permitted else None,
        "agreement_version": "1.0.0" if permitted else None,
        "clause": "2.1" if permitted else None,
        "consent_id": "c" if permitted and basis is Basis.CONSENT else None,
        "reason": None if permitted else reason,
        "ends": "other" if ending else None,
        "effect": ending,
        "content": content if permitted else None,
    },
    st.booleans(),
    st.sampled_from(Basis),
    st.sampled_from(Reason),
    none_or(*Effect),
    none_or({}, {"release_date": "2026-12-04"}),
)


def contradictions(told: dict[str, Any]) -> set[str]:
    """The rules that a decision breaks, said once more from their words in the design."""
    has = {name for name, value in told.items() if value is not None}
    if told["verdict"] is Verdict.PERMITTED:
        broken = {f"a permit without {name}" for name in GROUND if name not in has}
        broken |= {"a permit with a reason"} if "reason" in has else set()
    else:
        broken = {f"a refusal with {name}" for name in (*GROUND, "content") if name in has}
        broken |= set() if "reason" in has else {"a refusal without reason"}
    if told["basis"] == "consent" and "consent_id" not in has:
        broken.add("consent without a consent")
    if told["basis"] != "consent" and "consent_id" in has:
        broken.add("law or emergency called consent")
    if len(has & {"ends", "effect"}) == 1:
        broken.add("half an end")
    return broken


@given(st.one_of(DECISIONS, SOUND))
def test_a_decision_can_be_made_exactly_if_it_does_not_contradict_itself(told: dict[str, Any]) -> None:
    if contradictions(told):
        with pytest.raises(ValidationError):
            Decision(**FIXED, **told)
    else:
        made = Decision(**FIXED, **told)
        assert (made.consent_id is not None) == (made.basis is Basis.CONSENT)


@given(SOUND)
def test_every_sound_decision_survives_the_wire(told: dict[str, Any]) -> None:
    made = Decision(**FIXED, **told)
    assert Decision.model_validate_json(made.model_dump_json()) == made


def test_there_are_three_bases() -> None:
    assert {basis.value for basis in Basis} == {"consent", "statutory", "vital-interests"}
