"""Every limit that the law sets has an agreement that breaks it, and the sentence it gets."""

from typing import Any

import pytest

from consent.domain.limits import breaches
from contracts.agreement import Agreement
from tests.support.consent_world import north_isa

OFFENCE = {"article_6": "Article 6(1)(e)", "article_9": "Article 9(2)(g)", "article_10": "Article 10, DPA 2018 Sch. 1"}


def clause(**changes: Any) -> dict[str, Any]:
    """A clause that breaks nothing: prison to police under the Offender Management Act."""
    good: dict[str, Any] = {
        "id": "1.1",
        "title": "A draft",
        "flows": [{"from": ["prison"], "to": ["police"]}],
        "categories": ["identity"],
        "purposes": ["offender-management"],
        "basis": "statutory",
        "gateway": "oma-2007-s14",
        "authorising_law": "A law",
        "articles": OFFENCE,
        "involvement": "confirmed",
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def sentences(draft: dict[str, Any]) -> list[str]:
    whole = north_isa().model_dump(mode="json", by_alias=True) | {"clauses": [draft]}
    return [breach.sentence for breach in breaches(Agreement.model_validate(whole))]


def flow(sources: list[str], recipients: list[str]) -> list[dict[str, list[str]]]:
    return [{"from": sources, "to": recipients}]


CONSENT: dict[str, Any] = {"basis": "consent", "subject_to": "consent"}
HOUSING: dict[str, Any] = {
    **CONSENT,
    "gateway": "ha-1996-s213b",
    "flows": flow(["prison"], ["housing"]),
    "categories": ["accommodation"],
    "purposes": ["housing-duty"],
    "conditions": [{"kind": "chosen-authority"}, {"kind": "near-homelessness", "days": 56}],
}
HEALTH: dict[str, Any] = {
    "gateway": "nhsa-2006-s249",
    "flows": flow(["prison"], ["nhs-bodies"]),
    "purposes": ["direct-care"],
    "subject_to": "objection",
}
CARE: dict[str, Any] = {
    "gateway": "hsca-2012-s251b",
    "flows": flow(["prison-health"], ["mental-health"]),
    "categories": ["medication"],
    "purposes": ["direct-care"],
    "subject_to": "objection",
}
MAPPA: dict[str, Any] = {
    "gateway": "cja-2003-s325",
    "purposes": ["public-protection"],
    "conditions": [{"kind": "mappa-managed"}],
}
CRIME: dict[str, Any] = {"gateway": "cda-1998-s115", "purposes": ["crime-prevention"], "categories": ["risk-markers"]}
EMERGENCY: dict[str, Any] = {
    "basis": "vital-interests",
    "gateway": None,
    "authorising_law": None,
    "categories": ["medication"],
    "flows": flow(["any"], ["mental-health"]),
    "conditions": [{"kind": "emergency-request"}],
    "hours": 72,
    "review": True,
    "named_member": True,
    "justification": True,
    "involvement": "none",
}
NO_ARTICLE_9 = {"article_6": "Article 6(1)(e)", "article_10": "Article 10"}
NO_ARTICLE_10 = {"article_6": "Article 6(1)(e)", "article_9": "Article 9(2)(h)"}
NO_ARTICLE_6 = {"article_6": "somehow", "article_9": "Article 9", "article_10": "Article 10"}
LEAVES: dict[str, Any] = {"flows": flow(["prison"], ["housing"])}


@pytest.mark.parametrize(
    "draft", [{}, CONSENT | {"gateway": None}, HOUSING, HEALTH, CARE, MAPPA, CRIME, EMERGENCY, LEAVES]
)
def test_a_clause_within_the_limits_gets_no_sentence(draft: dict[str, Any]) -> None:
    assert sentences(clause(**draft)) == []


BROKEN: list[tuple[str, dict[str, Any], str]] = [
    (
        "no hub",
        {"flows": flow(["police"], ["housing"])},
        "Offender Management Act 2007 s.14 is a hub with spokes: prison or probation must be on one side of every"
        " share, and here both sides are others.",
    ),
    (
        "an NHS body",
        {"flows": flow(["prison"], ["mental-health"])},
        "Offender Management Act 2007 s.14 lists police, local authorities, youth justice, government departments and"
        " contractors, and no NHS body: mental-health cannot give or receive under it.",
    ),
    (
        "a provider without contract",
        {"flows": flow(["prison"], ["provider"])},
        "Offender Management Act 2007 s.14 reaches a provider only as a contractor of prison or probation: the clause"
        " must have the condition contracted-by.",
    ),
    (
        "a prison under the Crime and Disorder Act",
        CRIME | {"flows": flow(["police"], ["prison"])},
        "Crime and Disorder Act 1998 s.115 is a power to tell a relevant authority (police, local authority, probation,"
        " NHS body), which a prison is not: prison cannot receive under it.",
    ),
    (
        "another purpose than that Act's",
        CRIME | {"purposes": ["resettlement"]},
        "Crime and Disorder Act 1998 s.115 is a power only where disclosure is necessary or expedient for that Act: its"
        " only purpose is crime-prevention.",
    ),
    (
        "MAPPA without management",
        MAPPA | {"conditions": []},
        "Criminal Justice Act 2003 s.325 speaks only of people managed under MAPPA: the clause must have the condition"
        " mappa-managed.",
    ),
    (
        "MAPPA with a provider",
        MAPPA | {"flows": flow(["prison"], ["provider"])},
        "Criminal Justice Act 2003 s.325 binds responsible authorities and agencies with a duty to co-operate: provider"
        " is neither.",
    ),
    (
        "patient information for serious violence",
        {"gateway": "pcsc-2022-s16", "categories": ["medication"]},
        "Police, Crime, Sentencing and Courts Act 2022 s.16 never allows patient information: medication may hold it.",
    ),
    (
        "risk markers that keep health data",
        {"gateway": "pcsc-2022-s16", "categories": ["risk-markers"]},
        "Police, Crime, Sentencing and Courts Act 2022 s.16 never allows patient information: risk-markers may hold"
        " it.",
    ),
    (
        "a housing referral without consent",
        HOUSING | {"basis": "statutory", "subject_to": None},
        "Housing Act 1996 s.213B lets a person be referred only with their consent to the referral and to passing on"
        " contact details: the basis must be consent.",
    ),
    (
        "no choice of authority",
        HOUSING | {"conditions": [{"kind": "near-homelessness", "days": 56}]},
        "Housing Act 1996 s.213B leaves the choice of authority to the person: the clause must have the condition"
        " chosen-authority.",
    ),
    (
        "longer than 56 days before",
        HOUSING | {"conditions": [{"kind": "chosen-authority"}, {"kind": "near-homelessness", "days": 57}]},
        "Housing Act 1996 s.213B speaks of people who are homeless or may be within 56 days: the clause must have the"
        " condition near-homelessness of at most 56 days.",
    ),
    (
        "a housing referral to somebody else",
        HOUSING | {"flows": flow(["prison"], ["provider"])},
        "Housing Act 1996 s.213B refers a person to a local housing authority and to nobody else.",
    ),
    (
        "prisoners' health without a prison",
        HEALTH | {"flows": flow(["probation"], ["mental-health"])},
        "National Health Service Act 2006 s.249 is co-operation of prisons and NHS bodies for prisoners' health: a"
        " prison on one side and an NHS body on the other.",
    ),
    (
        "prisoners' health without an NHS body",
        HEALTH | {"flows": flow(["prison"], ["drug-alcohol"])},
        "National Health Service Act 2006 s.249 is co-operation of prisons and NHS bodies for prisoners' health: a"
        " prison on one side and an NHS body on the other.",
    ),
    (
        "prisoners' health whatever they say",
        HEALTH | {"subject_to": None},
        "National Health Service Act 2006 s.249: the person may object, so the clause is subject to objection.",
    ),
    (
        "direct care by somebody else",
        CARE | {"flows": flow(["prison"], ["mental-health"])},
        "Health and Social Care Act 2012 s.251B is a duty between health and social-care bodies only: every source and"
        " every recipient must be one.",
    ),
    (
        "direct care for another purpose",
        CARE | {"purposes": ["direct-care", "offender-management"]},
        "Health and Social Care Act 2012 s.251B is for direct care only: no other purpose may be named.",
    ),
    (
        "direct care whatever they say",
        CARE | {"subject_to": None},
        "Health and Social Care Act 2012 s.251B: the person may object, so the clause is subject to objection.",
    ),
    (
        "out of Part 3 without a law",
        LEAVES | {"authorising_law": None},
        "Data of prison, probation or police leaves Data Protection Act 2018 Part 3 here: the clause must name the law"
        " that authorises it.",
    ),
    (
        "out of Part 3 without Article 6",
        LEAVES | {"articles": NO_ARTICLE_6},
        "Data of prison, probation or police leaves Data Protection Act 2018 Part 3 here: the clause must name an"
        " Article 6 basis.",
    ),
    (
        "offence data without Article 10",
        LEAVES | {"categories": ["release-date"], "articles": NO_ARTICLE_10},
        "Offence data leaves Data Protection Act 2018 Part 3 here: the clause must name its Article 10 condition.",
    ),
    (
        "health data without Article 9",
        EMERGENCY | {"articles": NO_ARTICLE_9},
        "Health data leaves Data Protection Act 2018 Part 3 here: the clause must name its Article 9 condition.",
    ),
    (
        "law without a gateway",
        {"gateway": None},
        "A statutory clause names the gateway in law that it stands on.",
    ),
    (
        "law called consent",
        {"subject_to": "consent"},
        "A statutory clause is never called consent: it may be subject to objection, not to consent.",
    ),
    (
        "consent without it",
        CONSENT | {"gateway": None, "subject_to": None},
        "A clause on consent is subject to consent.",
    ),
    (
        "an emergency nobody answers for",
        EMERGENCY | {"named_member": False},
        "Vital interests are asked for by a named member with a written justification and reviewed within one working"
        " day: the clause must say all three.",
    ),
    (
        "an emergency that is not a case",
        EMERGENCY | {"conditions": [], "hours": None},
        "Vital interests are one case at a time: the clause must ask for an emergency push or request.",
    ),
    (
        "an emergency without end",
        EMERGENCY | {"hours": 100},
        "An emergency request is limited in time: the clause must say at most 72 hours.",
    ),
]


@pytest.mark.parametrize(("draft", "sentence"), [pytest.param(*rest, id=name) for name, *rest in BROKEN])
def test_a_clause_beyond_a_limit_gets_the_sentence_that_explains_it(draft: dict[str, Any], sentence: str) -> None:
    assert sentences(clause(**draft)) == [sentence]


def test_the_default_agreement_breaks_nothing() -> None:
    assert breaches(north_isa()) == ()
