"""The default agreement's terms, clause by clause: for what, on which law, who learns of it, and which fields go.

`TERMS`, `STAYS` and `NEVER` are written from domain.md, not from the YAML. Who gets what when is the table beside this
one, test_default_agreement.py.
"""

from dataclasses import asdict, dataclass, replace

import pytest

from consent.domain.policy import Key, Rule
from consent.domain.redaction import removed
from contracts.codes import Basis, Category
from tests.support.consent_world import policy


@dataclass(frozen=True)
class Terms:
    """What a clause says besides who, whom, what and when. Article 6(1)(e), and Article 10 with DPA 2018 Sch. 1, unless
    it says otherwise."""

    purposes: tuple[str, ...]
    law: str | None
    gateway: str | None
    sees: str
    """Whether the source may know the recipient."""
    article_9: str
    article_6: str = "6(1)(e)"
    article_10: str = "DPA 2018 Sch. 1"
    subject_to: str | None = None
    hours: int | None = None
    emergency: bool = False
    """Named member, justification and review."""


def by_law(law: str, gateway: str, sees: str, *purposes: str, care: bool = False, objection: bool = False) -> Terms:
    article_9, subject_to = "9(2)(h)" if care else "9(2)(g)", "objection" if objection else None
    return Terms(purposes, law, gateway, sees, article_9, subject_to=subject_to)


def agreed(law: str, sees: str, *purposes: str, gateway: str | None = None, care: bool = True) -> Terms:
    return Terms(purposes, law, gateway, sees, "9(2)(h)" if care else "9(2)(g)", subject_to="consent")


OMA = ("Offender Management Act 2007 s.14", "oma-2007-s14")
CONFIDENCE = "Common-law duty of confidence, met by consent"
EMERGENCY = Terms(("safeguarding",), None, None, "yes", "9(2)(c)", article_6="6(1)(d)", emergency=True)
TERMS = {
    "2.1 statutory": by_law(*OMA, "yes", "offender-management"),
    "2.2 statutory": by_law(*OMA, "yes", "offender-management"),
    "2.3 statutory": by_law(*OMA, "yes", "resettlement", "benefits-claim"),
    "2.4 statutory": by_law(*OMA, "yes", "resettlement"),
    "2.5 statutory": by_law("Crime and Disorder Act 1998 s.115", "cda-1998-s115", "yes", "crime-prevention"),
    "3.1 consent": agreed(
        "Criminal Justice Act 2003; Prison Service Instruction on resettlement", "recorder", "resettlement", care=False
    ),
    "3.2 consent": agreed("Housing Act 1996 s.213B", "recorder", "housing-duty", gateway="ha-1996-s213b", care=False),
    "3.3 statutory": by_law(
        "National Health Service Act 2006 s.249", "nhsa-2006-s249", "no", "direct-care", care=True, objection=True
    ),
    "4.1 consent": agreed(f"{CONFIDENCE}; Criminal Justice Act 2003", "referral-ends", "direct-care"),
    "4.2 statutory": by_law(
        "Sentencing Act 2020 Sch. 9; Criminal Justice Act 2003 s.250",
        "sa-2020-sch9",
        "referral-ends",
        "direct-care",
        care=True,
    ),
    "4.3 statutory": Terms(
        ("offender-management",), "The basis on which the referral came", None, "referral-ends", "9(2)(h)"
    ),
    "4.3 consent": agreed("The basis on which the referral came", "referral-ends", "offender-management"),
    "4.4 consent": agreed(CONFIDENCE, "recorder", "offender-management"),
    "4.5 statutory": by_law(
        "Health and Social Care Act 2012 s.251B",
        "hsca-2012-s251b",
        "referral-ends",
        "direct-care",
        care=True,
        objection=True,
    ),
    "4.6 consent": agreed(CONFIDENCE, "referral-ends", "direct-care", "offender-management"),
    "5.1 statutory": by_law("Criminal Justice Act 2003 s.325", "cja-2003-s325", "yes", "public-protection"),
    "9.1 vital-interests": EMERGENCY,
    "9.2 vital-interests": replace(EMERGENCY, hours=72),
}

NAME = frozenset({"name.family", "name.given", "date_of_birth"})
HEALTH_MARKERS = frozenset({"markers.self-harm", "markers.suicide", "health"})
FIELDS = {
    "identity": NAME
    | {f"identifiers.{scheme}" for scheme in ("noms", "crn", "pnc", "cro", "nhs")}
    | {"sex", "contact"},
    "release-date": {"release_date", "time", "date_type", "status", "reason", "notice_working_days", "flags"}
    | {"advised_date", "advised_reason", "governor_decision", "mandatory", "licence_ends", "reporting", "prison"},
    "custody-status": {"status", "at", "prison"},
    "accommodation": {"status", "address.lines", "address.postcode", "starts_on", "ends_on", "support"},
    "licence-conditions": {"conditions.code", "conditions.text", "starts_on", "ends_on"},
    "risk-markers": {"markers.arson", "markers.weapons", "mappa.managed", "mappa.level"} | HEALTH_MARKERS,
    "warning": {"risk", "text", "health"},
    "caseload": {"cohort", "rag", "lead_professional", "review_on"},
    "referral": {"referral_id", "needs", "reason", "urgency", "scores.phq9", "statutory", "location"},
    "referral-status": {"referral_id", "state", "reason_code", "appointment_at"}
    | {"next.kind", "expected_start", "overdue", "chain.bounces", "comment", "question", "interim_support"},
    "engagement": {"referral_id", "appointment_id", "at", "outcome", "attended", "notes"},
    "known-to-service": {"answer", "notes"},
    "medication": {"medicines.name", "medicines.dose", "allergies", "substitution", "as_of"},
}
STAYS = {
    ("2.3", "identity"): NAME,
    ("2.3", "release-date"): {"release_date", "time", "date_type", "status", "notice_working_days", "advised_date"},
    ("2.3", "custody-status"): {"status", "at"},
    ("2.5", "risk-markers"): FIELDS["risk-markers"] - HEALTH_MARKERS,
    ("4.3", "referral-status"): {"referral_id", "state", "reason_code", "appointment_at"},
    ("4.4", "engagement"): FIELDS["engagement"] - {"notes"},
    ("4.6", "known-to-service"): {"answer"},
}
"""Dates and name only; never health data; no clinical content; attended or not; yes, no or "contact us"."""
HEALTH = ("prison-health", "mental-health", "drug-alcohol", "liaison-diversion")
JUSTICE = ("prison", "probation", "police", "court", "youth")
NEVER = {
    **dict.fromkeys(HEALTH, frozenset({"identifiers.pnc", "identifiers.cro"})),
    **dict.fromkeys(JUSTICE, frozenset({"identifiers.nhs"})),
    **dict.fromkeys(("housing", "benefits", "provider"), frozenset(FIELDS["identity"] - NAME - {"contact"})),
}
"""What of an identity a kind of recipient never gets, whatever the clause."""

CELLS = [(key, rule) for key, rules in sorted(policy().rules.items()) for rule in rules]


def said(rule: Rule) -> Terms:
    """The terms of one compiled rule, as `TERMS` has them."""
    clause = rule.clause
    articles = clause.articles
    emergency = {clause.named_member, clause.justification, clause.review}
    assert len(emergency) == 1, f"{clause.id} asks for a part of what an emergency asks for"
    return Terms(
        tuple(map(str, rule.purposes)),
        clause.authorising_law,
        clause.gateway,
        clause.source_sees_recipient,
        _number(articles.article_9),
        _number(articles.article_6),
        "DPA 2018 Sch. 1" if "DPA 2018 Sch. 1 " in (articles.article_10 or "") else "",
        clause.subject_to,
        clause.hours,
        emergency.pop(),
    )


def _number(article: str | None) -> str:
    return (article or "").removeprefix("Article ").partition(",")[0]


def stays(key: Key, clause: str) -> set[str]:
    """The fields that the table lets this kind of recipient have."""
    kept = set(STAYS.get((clause, key.category), FIELDS[key.category]))
    if key.category == Category.IDENTITY:
        kept -= NEVER[key.recipient]
    return kept - HEALTH_MARKERS if key.recipient == "police" and key.category != Category.WARNING else kept


def test_the_table_of_terms_names_every_clause_with_its_basis() -> None:
    assert {f"{rule.clause.id} {Basis(rule.clause.basis)}" for _, rule in CELLS} == set(TERMS)


@pytest.mark.parametrize("name", TERMS)
def test_a_clause_says_what_it_is_for_and_what_it_stands_on_in_every_cell(name: str) -> None:
    for key, rule in CELLS:
        if f"{rule.clause.id} {rule.clause.basis}" == name:
            found = asdict(said(rule))
            wanted = asdict(TERMS[name])
            assert set(found.pop("purposes")) == set(wanted.pop("purposes")), key
            assert found == wanted, key


@pytest.mark.parametrize("name", TERMS)
def test_a_clause_removes_what_the_table_says_and_nothing_beside_it(name: str) -> None:
    for key, rule in CELLS:
        if f"{rule.clause.id} {rule.clause.basis}" == name:
            fields = sorted(FIELDS[key.category])
            gone = removed(fields, key.category, key.recipient, rule.clause.redactions.get(key.category))
            assert set(fields) - set(gone) == stays(key, rule.clause.id), key
