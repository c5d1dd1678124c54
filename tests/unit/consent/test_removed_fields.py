"""What the default agreement removes from what it permits, by who gets it."""

import pytest

from consent.domain.decide import decide
from consent.domain.facts import PersonFacts
from contracts.codes import Category
from tests.support.consent_world import consent, involvement, mappa, policy, question, scope

AUDITOR = "auditor"
IDENTITY = (
    "date_of_birth", "identifiers.crn", "identifiers.cro", "identifiers.nhs", "identifiers.noms", "identifiers.pnc",
    "languages", "name.family", "name.given", "sex",
)  # fmt: skip
RELEASE = (
    "advised_date", "advised_reason", "date_type", "flags", "governor_decision", "licence_ends", "mandatory",
    "notice_working_days", "prison", "reason", "release_date", "reporting", "status", "time",
)  # fmt: skip
MARKERS = ("mappa.managed", "markers.arson", "markers.self-harm", "markers.suicide")
ALL_BUT_NAME = tuple(name for name in IDENTITY if not name.startswith("name.") and name != "date_of_birth")
NOT_DATES = (
    "advised_reason", "flags", "governor_decision", "licence_ends", "mandatory", "prison", "reason", "reporting",
)  # fmt: skip
FIELDS = {
    Category.IDENTITY: IDENTITY,
    Category.RELEASE_DATE: RELEASE,
    Category.CUSTODY_STATUS: ("at", "prison", "status"),
    Category.RISK_MARKERS: MARKERS,
}
REMOVED = [
    ("hmp-northgate", "police-north", "identity", "2.1", ("identifiers.nhs",)),
    ("hmp-northgate", "yot-northtown", "identity", "2.1", ("identifiers.nhs",)),
    ("hmp-northgate", "probation-north", "identity", "2.2", ("identifiers.nhs",)),
    ("probation-north", "hmp-northgate", "identity", "2.2", ("identifiers.nhs",)),
    ("hmp-northgate", "mht-riverside", "identity", "3.3", ("identifiers.cro", "identifiers.pnc")),
    ("hmp-northgate", "health-northgate", "identity", "3.3", ("identifiers.cro", "identifiers.pnc")),
    ("hmp-northgate", "das-riverside", "identity", "3.1", ("identifiers.cro", "identifiers.pnc")),
    ("hmp-northgate", "housing-northtown", "identity", "2.3", ALL_BUT_NAME),
    ("hmp-northgate", "benefits-north", "identity", "2.3", ALL_BUT_NAME),
    ("hmp-northgate", "charity-newstart", "identity", "3.1", ALL_BUT_NAME),
    ("hmp-northgate", "charity-gatehouse", "identity", "2.4", ALL_BUT_NAME),
    ("hmp-northgate", "police-north", "release-date", "2.1", ()),
    ("hmp-northgate", "housing-northtown", "release-date", "2.3", NOT_DATES),
    ("hmp-northgate", "benefits-north", "release-date", "2.3", NOT_DATES),
    ("hmp-northgate", "charity-newstart", "release-date", "3.1", ()),
    ("hmp-northgate", "housing-northtown", "custody-status", "2.3", ("prison",)),
    ("hmp-northgate", "mht-riverside", "custody-status", "3.3", ()),
    ("hmp-northgate", "probation-north", "risk-markers", "2.2", ()),
    ("hmp-northgate", "police-north", "risk-markers", "2.5", ("markers.self-harm", "markers.suicide")),
    ("mht-riverside", "housing-northtown", "risk-markers", "2.5", ("markers.self-harm", "markers.suicide")),
    ("hmp-northgate", "mht-riverside", "risk-markers", "5.1", ()),
]


@pytest.mark.parametrize(("source", "recipient", "category", "clause", "removed"), REMOVED)
def test_a_permit_names_the_fields_it_really_removes(
    source: str, recipient: str, category: str, clause: str, removed: tuple[str, ...]
) -> None:
    person = PersonFacts(
        version=1,
        involvements=(involvement(recipient),),
        consents=(consent("consent-1", scope(recipient)),),
        mappa=(mappa(),),
    )
    asked = question(source, recipient, Category(category), person, fields=FIELDS[Category(category)])
    found = decide(asked, policy())
    assert found.grant is not None
    assert found.grant.rule.clause.id == clause
    assert found.fields_removed == removed


def test_nothing_ever_reaches_or_leaves_the_auditor() -> None:
    assert not [key for key in policy().rules if AUDITOR in (key.source, key.recipient)]
