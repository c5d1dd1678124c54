"""Involvement, sections and the register as tables that cover what they must."""

from itertools import product

import pytest

from caseload.domain.agencies import InvalidAgency, ensure_valid
from caseload.domain.involvement import (
    CONFIRMS_OTHERS,
    ConfirmsItself,
    InvalidRole,
    MayNotBeInvolved,
    MayNotConfirm,
    ensure_may_confirm,
    ensure_roles,
    is_crn,
    state_of_claim,
)
from caseload.domain.sections import MAPPA_AUTHORITIES, WRITERS, InvalidMappa, NotMappaAuthority, mappa_of
from contracts.caseload import Agency
from contracts.codes import SECTIONS, AgencyKind, InvolvementState
from contracts.content import SECTION_CONTENT, Mappa, RiskMarkersContent

CLAIMED, CONFIRMED = InvolvementState.CLAIMED, InvolvementState.CONFIRMED
LIVE = (None, CLAIMED, CONFIRMED)


def test_every_section_has_a_schema_and_writers() -> None:
    assert set(WRITERS) == SECTIONS == set(SECTION_CONTENT)
    for kinds in WRITERS.values():
        assert kinds
        assert not kinds & {AgencyKind.AUDITOR, AgencyKind.OPERATOR}


@pytest.mark.parametrize(
    ("kind", "present", "holds", "crn"), list(product(AgencyKind, LIVE, (False, True), (False, True)))
)
def test_a_claim_is_confirmed_by_custody_by_a_crn_of_probation_or_because_it_was(
    kind: AgencyKind, present: InvolvementState | None, holds: bool, crn: bool
) -> None:
    expected = present is CONFIRMED or (kind is AgencyKind.PRISON and holds) or (kind is AgencyKind.PROBATION and crn)
    state = state_of_claim(kind=kind, present=present, holds_custody=holds, has_crn=crn)
    assert state is (CONFIRMED if expected else CLAIMED)


@pytest.mark.parametrize(("kind", "own"), list(product(AgencyKind, (frozenset(), {CLAIMED}, {CONFIRMED}))))
def test_only_four_kinds_confirm_and_only_where_confirmed_themselves(
    kind: AgencyKind, own: frozenset[InvolvementState]
) -> None:
    if kind in CONFIRMS_OTHERS and CONFIRMED in own:
        ensure_may_confirm(kind, frozenset(own), same_agency=False)
    else:
        with pytest.raises(MayNotConfirm):
            ensure_may_confirm(kind, frozenset(own), same_agency=False)
    with pytest.raises(ConfirmsItself):
        ensure_may_confirm(kind, frozenset(own), same_agency=True)


def test_custody_is_a_prison_s_role_and_other_words_are_anybody_s() -> None:
    ensure_roles(AgencyKind.PRISON, ("custody",))
    ensure_roles(AgencyKind.PROVIDER, ("through-the-gate", "peer-mentor"))
    for roles in (("custody",), ("Not Kebab",), ("x" * 41,), ("",)):
        with pytest.raises(InvalidRole):
            ensure_roles(AgencyKind.PROVIDER, roles)
    with pytest.raises(MayNotBeInvolved):
        ensure_roles(AgencyKind.AUDITOR, ("watcher",))


def test_a_case_reference_number_is_recognised() -> None:
    assert is_crn(" x123456 ")
    assert not is_crn("X12345")
    assert not is_crn(None)


def test_mappa_is_said_by_its_authorities_whole_or_not_at_all() -> None:
    managed = RiskMarkersContent(markers=(), mappa=Mappa(managed=True, category=1, level=3))
    for kind in AgencyKind:
        if kind in MAPPA_AUTHORITIES:
            assert mappa_of(kind, managed) == managed.mappa
        else:
            with pytest.raises(NotMappaAuthority):
                mappa_of(kind, managed)
        assert mappa_of(kind, RiskMarkersContent(markers=())) is None
    for half in (Mappa(managed=True), Mappa(managed=True, level=1), Mappa(managed=False, category=2)):
        with pytest.raises(InvalidMappa):
            mappa_of(AgencyKind.POLICE, RiskMarkersContent(markers=(), mappa=half))


def agency(**said: object) -> Agency:
    return Agency.model_validate(
        {"id": "a-b", "kind": "prison", "name": "A", "area": "x", "codes": {"mdi": "SWI"}, **said}
    )


def test_an_entry_that_breaks_a_rule_is_refused_at_its_field() -> None:
    ensure_valid(agency())
    for said, pointer in (
        ({"id": "A B"}, "/id"),
        ({"codes": {"mdi": "swi"}}, "/codes/mdi"),
        ({"codes": {}}, "/codes/mdi"),
        ({"kind": "police"}, "/codes/mdi"),
        ({"kind": "police", "codes": {"ods": "?"}}, "/codes/ods"),
        ({"nhs_body": True}, "/nhs_body"),
        ({"contracted_by": "probation-north"}, "/contracted_by"),
    ):
        with pytest.raises(InvalidAgency) as refused:
            ensure_valid(agency(**said))
        assert refused.value.pointer == pointer
