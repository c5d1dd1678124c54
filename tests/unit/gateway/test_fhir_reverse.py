"""An answer as a message: read back it says what the view says, and nothing that the view or the sender did not say."""

import json
from typing import Any

import pytest

from contracts.codes import ReferralAction
from gateway.fhir.answers import answer_of
from gateway.fhir.message import Message, message_of
from gateway.fhir.reading import claimed_of, person_of, referral_of
from gateway.fhir.reverse import response
from gateway.fhir.tree import identifiers, many
from gateway.queries.answers import AnswerNow, OwnMessages
from tests.support.published import published
from tests.unit.gateway.test_fhir_meaning import KIND

RAW = published("nhs-bars/servicerequest-request.json").read_text()
NEWEST = "the-newest-message"


def answer(**content: Any) -> AnswerNow:
    said = {"referral_id": "0199-r", **content}
    return AnswerNow("0199-s", "0199-p", "mht-riverside", "mental-health", said)


def made(raw: str = RAW, **content: Any) -> Message:
    return message_of(response(answer(**content), OwnMessages(raw, NEWEST), agency="health-northgate"))


REJECTED = {"state": "rejected", "reason_code": "NO_CAPACITY"}


@pytest.mark.parametrize(
    ("content", "read"),
    [
        ({"state": "accepted"}, (ReferralAction.ACCEPTANCE, {})),
        (
            {"state": "accepted", "appointment_at": "2031-03-10T09:30:00Z", "interim_support": "Weekly calls."},
            (ReferralAction.ACCEPTANCE, {"appointment_at": "2031-03-10T09:30:00Z"}),
        ),
        (
            {**REJECTED, "next": {"kind": "none"}},
            (ReferralAction.REJECTION, {"reason_code": "NO_CAPACITY", "next": {"kind": "none"}}),
        ),
        (
            {**REJECTED, "next": {"kind": "agency", "id": "mht-moorland"}, "comment": "Full until May."},
            (
                ReferralAction.REJECTION,
                {
                    "reason_code": "NO_CAPACITY",
                    "next": {"kind": "agency", "id": "mht-moorland"},
                    "comment": "Full until May.",
                },
            ),
        ),
        (
            {**REJECTED, "next": {"kind": "service", "id": "111111111"}},
            (ReferralAction.REJECTION, {"reason_code": "NO_CAPACITY", "next": {"kind": "service", "id": "111111111"}}),
        ),
    ],
)
def test_an_answer_reads_back_as_it_was_given(content: dict[str, Any], read: tuple[ReferralAction, Any]) -> None:
    assert answer_of(made(**content)) == read


def test_it_answers_the_newest_message_and_speaks_of_what_the_first_asked_for() -> None:
    sent, message = message_of(RAW.encode()), made(state="accepted")
    assert message.header["response"] == {"identifier": NEWEST, "code": "ok"}
    assert referral_of(message, KIND)["needs"] == referral_of(sent, KIND)["needs"]
    assert set(identifiers(sent.request())) <= set(identifiers(message.request()))
    assert message.request()["category"] == sent.request()["category"]
    assert person_of(message.patient()) == person_of(sent.patient())
    assert "0199-r" in message.referral_ids()


def test_the_shape_is_that_of_the_published_answer() -> None:
    shown = message_of(published("nhs-bars/servicerequest-response.json").read_bytes())
    message = made(state="accepted")
    assert message.event == shown.event
    assert message.header["meta"]["profile"] == shown.header["meta"]["profile"]
    assert message.header["response"].keys() == shown.header["response"].keys()
    assert message.header["reason"] == shown.header["reason"]
    assert json.loads(message.body)["meta"]["profile"] == json.loads(shown.body)["meta"]["profile"]
    assert (message.request()["status"], message.request()["intent"]) == ("active", "plan")


def test_the_same_answer_is_the_same_message_and_another_another() -> None:
    first = made(state="accepted")
    assert made(state="accepted").body == first.body
    other = AnswerNow(
        "0199-t", "0199-p", "mht-riverside", "mental-health", {"referral_id": "0199-r", "state": "accepted"}
    )
    again = message_of(response(other, OwnMessages(RAW, NEWEST), agency="health-northgate"))
    assert {again.bundle_id, again.header_id} & {first.bundle_id, first.header_id} == set()


def test_only_what_is_named_goes_out() -> None:
    message = made(state="completed", reason_code="COMPLETED", chain={"bounces": 7}, overdue=True, made_up="a secret")
    assert "a secret" not in message.body
    assert "bounces" not in message.body
    assert message.request()["status"] == "completed"
    coded = [each["system"] for each in many(message.request(), "reasonCode", "coding")]
    assert "urn:throughgate:reason-codes" in coded
    assert "urn:throughgate:rejection-codes" not in coded


def test_a_message_that_would_be_refused_today_still_has_its_answer() -> None:
    old = json.loads(RAW)
    for each in many(old, "entry", "resource"):
        if each["resourceType"] == "ServiceRequest":
            each["priority"] = "whenever"
        if each["resourceType"] == "Patient":
            each.pop("birthDate")
    message = made(json.dumps(old), state="accepted")
    assert answer_of(message) == (ReferralAction.ACCEPTANCE, {})
    assert claimed_of(message.patient()) == ["3478526985"]
