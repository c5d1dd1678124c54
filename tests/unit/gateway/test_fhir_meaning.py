"""A published message of BaRS goes in and comes out with the same meaning: who, when, how urgent, which codes, why."""

import base64
import json
from typing import Any

import pytest

from contracts.codes import AgencyKind, ReferralAction
from contracts.errors import Refusal
from contracts.http.caseload import RegistrationBody
from contracts.http.referral import ReferralBody
from gateway.fhir import lines, reading
from gateway.fhir.answers import answer_of
from gateway.fhir.codes import REQUEST, status_of
from gateway.fhir.message import Message, message_of
from gateway.fhir.parties import told
from gateway.fhir.tree import identifiers, many
from gateway.fhir.writing import bundle
from tests.support.published import published

KIND = AgencyKind.MENTAL_HEALTH


def sent(event: str = "request", **changed: Any) -> Message:
    """The published message; `changed` are members of its ServiceRequest."""
    found = json.loads(published(f"nhs-bars/servicerequest-{event}.json").read_text())
    next(each for each in many(found, "entry", "resource") if each["resourceType"] == "ServiceRequest").update(changed)
    return message_of(json.dumps(found).encode())


def referral(message: Message) -> dict[str, Any]:
    """As the owner would answer it."""
    return {
        "referral_id": "0199-r",
        "person_id": "0199-p",
        "version": 1,
        "from": "health-northgate",
        "to": "mht-riverside",
        "state": "received",
        "submitted_at": "2026-11-22T09:00:00Z",
        **reading.referral_of(message, KIND),
    }


def again(message: Message) -> Message:
    """The message, read, kept as a referral, and written."""
    identity = reading.registration_of(message.patient())
    made = bundle(referral(message), event=REQUEST, identity=identity)
    return message_of(json.dumps(made).encode())


CODED: dict[str, Any] = {
    "priority": "asap",
    "reasonCode": [
        {
            "coding": [
                {"system": "http://snomed.info/sct", "code": "47505003", "display": "Post-traumatic stress disorder"}
            ]
        },
        {"text": "Wakes at night.\nAsks for help before release."},
    ],
    "code": {"coding": [{"system": "http://snomed.info/sct", "code": "306226009", "display": "Referral to service"}]},
    "identifier": [{"system": "https://sender.example/Id/referral", "value": "R-17"}],
    "note": [{"text": "Prefers mornings."}],
}


@pytest.mark.parametrize("changed", [{}, CODED], ids=["as published", "with codes"])
def test_a_message_comes_out_with_the_meaning_that_went_in(changed: dict[str, Any]) -> None:
    first = sent(**changed)
    second = again(first)
    assert reading.referral_of(second, KIND) == reading.referral_of(first, KIND)
    assert reading.registration_of(second.patient()) == reading.registration_of(first.patient())
    assert again(second).request() == second.request()


def test_the_published_message_says_what_its_resources_say() -> None:
    message = sent()
    said = reading.referral_of(message, KIND)
    ReferralBody.model_validate({"person": "0199-p", "to_agency": "mht-riverside", **said})
    assert (said["urgency"], said["needs"]) == ("routine", ["mental-health"])
    assert said["location"] == "Briggate corner, 20 The Headrow, Leeds, LS1 6PT"
    for part in (
        "Category: For Validation [https://fhir.nhs.uk/CodeSystem/message-category-servicerequest|validation]",
        "Reason: Palpitations [https://fhir.nhs.uk/CodeSystem/pathways-sg-codes|SG1137]",
        "Observation: Syncope (disorder) [http://snomed.info/sct|271594007]",
        "When: 2021-11-26T15:00:00+00:00 to 2021-11-26T15:20:00+00:00",
        "Reference: [https://sender.url/Id/case-number|sender1234]",
        "Number that fails its check: [https://fhir.nhs.uk/Id/nhs-number|3478526985]",
    ):
        assert part in said["reason"].splitlines()
    assert "CONSULTATION SUMMARY" in said["reason"]
    person = reading.registration_of(message.patient())
    RegistrationBody.model_validate(person)
    assert person == {
        "identifiers": [],
        "name": {"family": "Jones", "given": "Julie"},
        "date_of_birth": "1959-05-04",
        "sex": "female",
    }


def test_a_number_that_fails_its_check_comes_out_as_one_that_was_not_traced() -> None:
    (number,) = again(sent()).patient()["identifier"]
    assert (number["system"], number["value"]) == ("https://fhir.nhs.uk/Id/nhs-number", "3478526985")
    (status,) = number["extension"][0]["valueCodeableConcept"]["coding"]
    assert status["code"] == "number-present-but-not-traced"


def test_who_gets_no_nhs_number_gets_no_wrong_one_either() -> None:
    assert "3478526985" in reading.reason_of(sent(), AgencyKind.PRISON_HEALTH)
    assert "3478526985" not in reading.reason_of(sent(), AgencyKind.HOUSING)


def test_codes_times_and_numbers_come_out_in_their_own_places() -> None:
    request = again(sent(**CODED)).request()
    assert request["priority"] == "asap"
    assert request["code"] == CODED["code"]
    assert CODED["reasonCode"][0] in request["reasonCode"]
    said = request["reasonCode"][-1]["text"].splitlines()
    assert said[:3] == ["Wakes at night.", "Asks for help before release.", "Prefers mornings."]
    assert said[3].startswith("CONSULTATION SUMMARY")
    assert said[-1] == reading.CUT
    assert ("https://sender.example/Id/referral", "R-17") in identifiers(request)
    assert request["occurrencePeriod"] == {"start": "2021-11-26T15:00:00+00:00", "end": "2021-11-26T15:20:00+00:00"}
    assert request["orderDetail"] == [{"coding": [{"system": "urn:throughgate:needs", "code": "trauma"}]}]


def test_scores_are_read_and_written() -> None:
    found = json.loads(published("nhs-bars/servicerequest-request.json").read_text())
    score = {"coding": [{"system": "http://loinc.org", "code": "44261-6"}]}
    found["entry"].append(
        {"resource": {"resourceType": "Observation", "code": score, "valueQuantity": {"value": 14.0}}}
    )
    message = message_of(json.dumps(found).encode())
    assert reading.scores_of(message) == {"phq9": 14}
    assert reading.scores_of(again(message)) == {"phq9": 14}


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), float("nan"), 14.5, "14", None, [14]])
def test_a_score_that_is_no_whole_number_is_none(value: Any) -> None:
    found = json.loads(published("nhs-bars/servicerequest-request.json").read_text())
    score = {"coding": [{"system": "http://loinc.org", "code": "44261-6"}]}
    observed = {"resourceType": "Observation", "code": score, "valueQuantity": {"value": value}}
    found["entry"].append({"resource": observed})
    assert reading.scores_of(message_of(json.dumps(found).encode())) == {}


@pytest.mark.parametrize(
    ("line", "place"),
    [
        (None, "Leeds"),
        (5, "Leeds"),
        ("5 High Street", "5 High Street, Leeds"),
        (["5", None, "High Street"], "5, High Street, Leeds"),
    ],
)
def test_a_place_is_what_can_be_read_of_it(line: Any, place: str) -> None:
    found = json.loads(published("nhs-bars/servicerequest-request.json").read_text())
    there = {"resourceType": "Location", "id": "there", "address": {"line": line, "city": "Leeds"}}
    found["entry"].append({"fullUrl": "urn:uuid:there", "resource": there})
    request = next(each for each in many(found, "entry", "resource") if each["resourceType"] == "ServiceRequest")
    request["locationReference"] = [{"reference": "urn:uuid:there"}]
    assert reading.place_of(message_of(json.dumps(found).encode())) == place


def test_a_header_that_is_nested_without_end_says_nothing() -> None:
    assert told(base64.b64encode(b"[" * 3000).decode()) == {}


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"priority": "whenever"}, "priority-unknown"),
        ({"note": [{"text": "x" * 4001}]}, "reason-too-long"),
    ],
)
def test_what_must_not_be_guessed_is_refused(changed: dict[str, Any], code: str) -> None:
    with pytest.raises(Refusal) as refused:
        reading.referral_of(sent(**changed), KIND)
    assert refused.value.code == code


def test_an_agency_of_many_kinds_of_help_needs_a_coded_need() -> None:
    with pytest.raises(reading.NeedUnknown):
        reading.referral_of(sent(), AgencyKind.PROVIDER)
    assert reading.referral_of(sent(**CODED), AgencyKind.PROVIDER)["needs"] == ["trauma"]


def test_the_published_answer_is_an_acceptance() -> None:
    message = sent("response")
    assert answer_of(message) == (ReferralAction.ACCEPTANCE, {})
    assert "86e3371d-1c15-4862-9552-d9560f8292ba" in message.referral_ids()


def test_a_rejection_says_why_and_what_next() -> None:
    why = {"coding": [{"system": "urn:throughgate:rejection-codes", "code": "NO_CAPACITY"}]}
    following = {"coding": [{"system": "urn:throughgate:next", "code": "agency:mht-moorland"}]}
    message = sent("response", status="revoked", reasonCode=[why, following], note=[{"text": "Full until May."}])
    assert answer_of(message) == (
        ReferralAction.REJECTION,
        {"reason_code": "NO_CAPACITY", "next": {"kind": "agency", "id": "mht-moorland"}, "comment": "Full until May."},
    )
    for changed, code in (({"reasonCode": [why]}, "next-missing"), ({"reasonCode": []}, "reason-code-missing")):
        with pytest.raises(Refusal) as refused:
            answer_of(sent("response", status="revoked", **changed))
        assert refused.value.code == code


def test_lines_are_read_as_they_were_written() -> None:
    entries = [
        lines.Entry(lines.CATEGORY, "For validation", "http://a.example", "b"),
        lines.Entry(lines.REASON, "", "http://a.example", "c"),
        lines.Entry(lines.WHEN, "", "2026-01-01", ""),
        lines.Entry(lines.REFERENCE, "", "", "9"),
        lines.Entry(lines.WORDS, "Plain words: no code."),
    ]
    assert lines.read(lines.write(entries)) == entries


def test_every_state_has_a_status_of_a_service_request() -> None:
    found = {status_of(state) for state in ("draft", "received", "on-hold", "completed", "rejected")}
    assert found == {"draft", "active", "on-hold", "completed", "revoked"}


@pytest.mark.parametrize("body", [b"", b"[]", b'{"resourceType":"Bundle"}', b'{"entry":[{"resource":7}]}', b"\xff"])
def test_what_is_no_message_is_refused(body: bytes) -> None:
    with pytest.raises(Exception, match=r"JSON|MessageHeader"):
        message_of(body)
