"""What an agency may receive and send in general: every purpose of a clause is an entry of its own."""

import pytest

from consent.domain.routes import routes_of
from tests.support.consent_world import NOW, agencies, policy


def purposes(agency: str, clause: str, category: str) -> list[list[str]]:
    """For receiving and for sending."""
    return [
        [str(each["purpose"]) for each in entries if (each["clause"], each["category"]) == (clause, category)]
        for entries in routes_of(agencies()[agency], policy(), NOW)
    ]


@pytest.mark.parametrize(
    ("agency", "clause", "category", "received", "sent"),
    [
        ("housing-northtown", "2.3", "release-date", ["benefits-claim", "resettlement"], []),
        ("benefits-north", "2.3", "identity", ["benefits-claim", "resettlement"], []),
        ("hmp-northgate", "2.3", "identity", [], ["benefits-claim", "resettlement"]),
        ("ld-north", "4.6", "known-to-service", ["direct-care", "offender-management"], []),
        ("mht-riverside", "4.6", "known-to-service", [], ["direct-care", "offender-management"]),
        ("police-north", "2.5", "risk-markers", ["crime-prevention"], ["crime-prevention"]),
    ],
)
def test_each_purpose_of_a_clause_is_an_entry(
    agency: str, clause: str, category: str, received: list[str], sent: list[str]
) -> None:
    assert purposes(agency, clause, category) == [received, sent]


def test_an_entry_names_every_kind_that_it_holds_for() -> None:
    _, sent = routes_of(agencies()["hmp-northgate"], policy(), NOW)
    kinds = {
        str(each["purpose"]): each["to_kinds"]
        for each in sent
        if (each["clause"], each["category"]) == ("2.3", "identity")
    }
    assert kinds == {"benefits-claim": ["benefits", "housing"], "resettlement": ["benefits", "housing"]}
