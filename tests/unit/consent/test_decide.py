"""The decision explains itself: reasons, near misses, prohibitions, and when to ask again."""

from dataclasses import replace
from datetime import date

import pytest

from consent.domain.decide import decide, decide_again_at
from consent.domain.facts import PersonFacts
from consent.domain.redaction import field_names, redact
from contracts.codes import AgencyKind, Category, Reason
from tests.support.consent_world import (
    DAY,
    NOW,
    consent,
    involvement,
    mappa,
    policy,
    question,
    request,
    scope,
    withdrawal,
)

CHARITY = "charity-newstart"
INVOLVED = PersonFacts(version=1, involvements=(involvement(CHARITY, "claimed"),))


def reason_of(person: PersonFacts, recipient: str = CHARITY) -> Reason | None:
    return decide(question("hmp-northgate", recipient, Category.RELEASE_DATE, person), policy()).reason


YES = consent("consent-1", scope(CHARITY))


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({}, Reason.CONSENT_MISSING),
        ({"consents": (YES,), "involvements": ()}, Reason.NO_INVOLVEMENT),
        ({"consents": (replace(YES, decision="refused"),)}, Reason.CONSENT_REFUSED),
        ({"consents": (YES,), "withdrawals": (withdrawal(NOW),)}, Reason.CONSENT_WITHDRAWN),
        ({"consents": (replace(YES, valid_until=NOW),)}, Reason.CONSENT_EXPIRED),
        ({"consents": (consent("consent-1", scope("das-riverside")),)}, Reason.CONSENT_DOES_NOT_COVER),
        ({"consents": (replace(YES, valid_from=NOW + DAY),)}, Reason.CONSENT_MISSING),
        ({"consents": (YES,), "restricted": True}, Reason.RESTRICTED_PERSON),
        ({"consents": (YES,)}, None),
    ],
)
def test_a_refusal_says_what_was_nearest(facts: dict[str, object], reason: Reason | None) -> None:
    assert reason_of(replace(INVOLVED, **facts)) is reason  # type: ignore[arg-type]


def test_where_no_clause_speaks_of_a_case_its_source_is_told_of_nobody() -> None:
    """A charity without a contract may not have this by any clause; that it claims the person is not the prison's."""
    confirmed = PersonFacts(version=1, involvements=(involvement(CHARITY),))
    refused = decide(question("hmp-northgate", CHARITY, Category.CUSTODY_STATUS, confirmed), policy())
    assert (refused.reason, refused.source_sees_recipient) == (Reason.CONDITION_NOT_MET, False)
    probation = decide(question("hmp-northgate", "probation-north", Category.CUSTODY_STATUS, INVOLVED), policy())
    assert (probation.reason, probation.source_sees_recipient) == (Reason.NO_INVOLVEMENT, True)


def test_every_near_miss_is_returned_in_words_people_read() -> None:
    person = replace(INVOLVED, consents=(YES,), withdrawals=(withdrawal(NOW),))
    found = decide(question("hmp-northgate", CHARITY, Category.RELEASE_DATE, person), policy())
    said = [str(miss) for miss in found.misses]
    assert "3.1: consent.state wanted in-force, was withdrawn 2026-11-02T10:00Z" in said
    assert "2.4: recipient.contracted_by wanted prison or probation, was nobody" in said
    assert {miss.clause for miss in found.misses} == {"2.4", "3.1", "4.1", "4.2"}


def test_an_agreement_that_has_ended_permits_nothing() -> None:
    person = PersonFacts(version=1, involvements=(involvement("police-north"),))
    late = question("hmp-northgate", "police-north", Category.RELEASE_DATE, person, now=NOW + 9 * 366 * DAY)
    assert decide(late, policy()).reason is Reason.AGREEMENT_EXPIRED


@pytest.mark.parametrize("side", ["source", "recipient"])
def test_a_suspended_agency_neither_gives_nor_gets_even_in_an_emergency(side: str) -> None:
    asked = question("hmp-northgate", "police-north", Category.WARNING, addressees=("police-north",), emergency=True)
    assert decide(asked, policy()).permitted
    if side == "source":
        asked = replace(asked, offer=replace(asked.offer, source=replace(asked.offer.source, suspended=True)))
    else:
        asked = replace(asked, recipient=replace(asked.recipient, suspended=True))
    assert decide(asked, policy()).reason is Reason.AGENCY_SUSPENDED


def test_protected_information_is_prohibited_whatever_the_basis() -> None:
    person = PersonFacts(version=1, involvements=(involvement("police-north"),))
    fields = field_names({"name": {"family": "A"}, "gender_recognition": {"at": "2020-01-01"}})
    asked = question("hmp-northgate", "police-north", Category.IDENTITY, person, fields=fields)
    assert decide(asked, policy()).reason is Reason.PROHIBITED


def test_law_comes_before_consent_and_all_that_permits_is_recorded() -> None:
    person = PersonFacts(
        version=1,
        involvements=(involvement("police-north"),),
        requests=(request("mht-riverside", Category.RISK_MARKERS),),
    )
    asked = question(
        "hmp-northgate",
        "probation-north",
        Category.RISK_MARKERS,
        replace(person, involvements=(involvement("probation-north"),)),
    )
    found = decide(asked, policy())
    assert found.grant is not None
    assert (found.grant.rule.clause.id, found.also) == ("2.2", ("2.5",))


def test_a_housing_duty_asks_for_the_persons_own_choice_of_authority() -> None:
    named = consent("consent-1", scope("housing-northtown"))
    kind_alone = consent("consent-1", scope(kinds=(AgencyKind.HOUSING,)))
    for said, permitted in ((named, True), (kind_alone, False)):
        person = PersonFacts(
            version=1,
            release_date=date(2026, 12, 1),
            involvements=(involvement("housing-northtown", "claimed"),),
            consents=(said,),
        )
        asked = question("hmp-northgate", "housing-northtown", Category.ACCOMMODATION, person)
        assert decide(asked, policy()).permitted is permitted


def test_asking_again_comes_at_the_next_instant_at_which_something_begins_or_ends() -> None:
    person = PersonFacts(
        version=1,
        release_date=date(2027, 6, 1),
        involvements=(involvement(CHARITY, until=NOW + 30 * DAY),),
        consents=(replace(YES, valid_from=NOW + 5 * DAY, valid_until=NOW + 10 * DAY),),
        requests=(request(CHARITY, Category.MEDICATION),),
    )
    moments = []
    now = NOW
    while (moment := decide_again_at(person, policy(), now)) is not None:
        moments.append(moment)
        now = moment
    assert moments[:4] == [NOW + 2 * DAY, NOW + 5 * DAY, NOW + 10 * DAY, NOW + 30 * DAY]
    assert moments[4].date() == date(2027, 4, 6)
    assert moments[-1] == policy().boundaries[-1]


def test_a_last_day_after_which_there_is_none_ends_nothing() -> None:
    nobody, for_ever = (PersonFacts(version=1, mappa=found) for found in ((), (mappa(until=date.max),)))
    assert decide_again_at(for_ever, policy(), NOW) == decide_again_at(nobody, policy(), NOW)


def test_redaction_takes_out_what_it_names_and_nothing_else() -> None:
    content = {
        "identifiers": [{"scheme": "pnc", "value": "x"}, {"scheme": "noms", "value": "y"}],
        "name": {"family": "A", "given": "B"},
        "languages": ["cy"],
        "empty": [],
        "markers": [{"code": "arson", "level": "low"}, {"code": "suicide", "level": "high"}],
    }
    assert field_names(content) == (
        "empty", "identifiers.noms", "identifiers.pnc", "languages", "markers.arson", "markers.suicide",
        "name.family", "name.given",
    )  # fmt: skip
    kept = redact(content, ["identifiers.pnc", "languages", "name.given", "markers.suicide"])
    assert kept == {
        "identifiers": [{"scheme": "noms", "value": "y"}],
        "name": {"family": "A"},
        "empty": [],
        "markers": [{"code": "arson", "level": "low"}],
    }
    assert redact(content, field_names(content)) == {}
    assert redact(content, []) == content
