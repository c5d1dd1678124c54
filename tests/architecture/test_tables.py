"""A table keyed by an enum covers the enum, or says here why it does not."""

from collections.abc import Iterator, Mapping
from enum import Enum
from itertools import product
from types import ModuleType

import pytest

from caseload.domain.custody import Effect
from contracts.codes import RECEIVING, SECTIONS, AgencyKind, Category, DateType, ReferralState
from contracts.content import SECTION_CONTENT
from tests.support.source import modules

RELEASE_TYPES = {"CRD", "ARD", "PRRD", "MTD", "ETD", "LTD", "HDCAD", "APD"}
NAME_ONLY = {AgencyKind.HOUSING, AgencyKind.BENEFITS, AgencyKind.PROVIDER}

PARTIAL: dict[str, set[object]] = {
    # An operator has no gateway.
    "gateway.front.OF_KIND": {*AgencyKind} - {AgencyKind.OPERATOR},
    # Sections are the categories that an agency keeps facts of its own in.
    "caseload.domain.sections.WRITERS": set(SECTIONS),
    # What caseload offers.
    "caseload.operations.offers.TYPES": {Category.IDENTITY, Category.CUSTODY_STATUS, Category.WARNING, *SECTIONS},
    # Kinds that receive referrals take people on by them.
    "caseload.domain.referrals.ROLES": set(RECEIVING),
    # A national feed overrules one refusal and nothing else.
    "caseload.domain.custody.NATIONAL": {Effect.REFUSED},
    # Other and expiry types make no release.
    "release_notify.domain.effective._RANK": {DateType(name) for name in RELEASE_TYPES},
    # An answer brings these to the sender; the other states are its own, or the share's.
    "referral.operations.receipts.ACTION_OF": {*ReferralState}
    - {
        ReferralState.DRAFT,
        ReferralState.SUBMITTED,
        ReferralState.AWAITING_CONSENT,
        ReferralState.CONSENT_WITHDRAWN,
        ReferralState.WITHDRAWN,
        ReferralState.CLOSED,
    },
    # These get name and date of birth alone, whatever the clause; auditor and operator get no identity at all.
    "consent.domain.redaction.ALWAYS": {*AgencyKind} - NAME_ONLY - {AgencyKind.AUDITOR, AgencyKind.OPERATOR},
}
"""Tables that cover a part on purpose: why, and exactly which part."""


def enum_keyed(module: ModuleType) -> Iterator[tuple[str, Mapping[object, object]]]:
    for name, value in vars(module).items():
        if isinstance(value, Mapping) and value and all(is_coded(key) for key in value):
            yield f"{module.__name__}.{name}", value


def is_coded(key: object) -> bool:
    """Whether it is a member of an enum, or a tuple of such."""
    return isinstance(key, Enum) or (isinstance(key, tuple) and bool(key) and all(isinstance(k, Enum) for k in key))


def all_of(table: Mapping[object, object]) -> set[object]:
    """Every key that the table could have."""
    first = next(iter(table))
    if isinstance(first, tuple):
        members: list[list[object]] = [list(type(member)) for member in first]  # type: ignore[call-overload]
        return set(product(*members))
    assert isinstance(first, Enum)
    return set(type(first))


def tables() -> dict[str, Mapping[object, object]]:
    """By the first module that has it; a table that is imported elsewhere is one table."""
    found: dict[int, tuple[str, Mapping[object, object]]] = {}
    for module in modules():
        for name, value in enum_keyed(module):
            known = found.get(id(value))
            if known is None or len(name) < len(known[0]):
                found[id(value)] = (name, value)
    return dict(found.values())


TABLES = tables()


@pytest.mark.parametrize("name", TABLES)
def test_a_table_covers_its_enum(name: str) -> None:
    assert set(TABLES[name]) == PARTIAL.get(name, all_of(TABLES[name]))


def test_what_is_partial_exists() -> None:
    assert set(PARTIAL) <= set(TABLES)


def test_every_section_has_its_content() -> None:
    assert set(SECTION_CONTENT) == {category.value for category in SECTIONS}
