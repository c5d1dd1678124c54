"""BaRS over the whole pipe: a published message becomes a referral that its receiver has, and is answered by one."""

import base64
import json
from functools import partial
from typing import Any

import httpx2
import pytest

from chassis.ids import new_id
from contracts.codes import Scope
from tests.integration.gateway.test_referrals import seen, when
from tests.integration.gateway.world import AUDITOR, PROBATION, TRUST, view
from tests.support.eventually import eventually
from tests.support.nhs import nhs_number
from tests.support.pipe import Pipe
from tests.support.published import published
from tests.support.tokens import TOKENS

HEALTH = ("health-northgate", "prison-health")
DRUGS = ("das-riverside", "drug-alcohol")
FHIR = "application/fhir+json"
SERVICE = "111111111"
Agency = tuple[str, str]
soon = partial(eventually, within=60)
"""These tests walk a whole referral each; on a busy machine that is many turns of the pipe."""


class Sent:
    """The published request with ids of its own, changed where the test says."""

    def __init__(self, number: str, event: str = "request") -> None:
        self.bundle: dict[str, Any] = json.loads(published(f"nhs-bars/servicerequest-{event}.json").read_text())
        self.request.pop("id", None)
        self.renew()
        entry = next(each for each in self.bundle["entry"] if each["resource"] is self.request)
        renewed = f"urn:uuid:{new_id()}"
        self.header["focus"] = [{"reference": renewed}]
        entry["fullUrl"] = renewed
        self.find("Patient")["identifier"][0]["value"] = number
        self.to(TRUST[0])

    def find(self, kind: str) -> dict[str, Any]:
        found: dict[str, Any] = next(
            each["resource"] for each in self.bundle["entry"] if each["resource"]["resourceType"] == kind
        )
        return found

    @property
    def header(self) -> dict[str, Any]:
        return self.find("MessageHeader")

    @property
    def request(self) -> dict[str, Any]:
        return self.find("ServiceRequest")

    def renew(self) -> "Sent":
        """Another message about the same request."""
        self.bundle["id"] = new_id()
        self.header["id"] = new_id()
        return self

    def to(self, receiver: str) -> None:
        self.header["destination"][0]["endpoint"] = f"urn:throughgate:agency|{receiver}"

    def because(self, reason: str) -> None:
        self.header["reason"]["coding"][0]["code"] = reason


async def speak(
    pipe: Pipe, agency: Agency, gateway: str, body: Any, *, path: str = "$process-message", **headers: str
) -> httpx2.Response:
    sent = {**TOKENS.headers(*agency), "content-type": FHIR, **{k.replace("_", "-"): v for k, v in headers.items()}}
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await pipe.http.post(f"/{gateway}/fhir/{path}", headers=sent, content=content, timeout=60)


async def read(pipe: Pipe, agency: Agency, gateway: str, path: str) -> httpx2.Response:
    return await pipe.http.get(f"/{gateway}/fhir/{path}", headers=TOKENS.headers(*agency), timeout=60)


async def referred(pipe: Pipe, sent: Sent) -> str:
    """The id of the referral that came of it."""
    answer = await speak(pipe, HEALTH, TRUST[1], sent.bundle)
    assert answer.status_code == 200, answer.text
    return str(resources(answer.json(), "ServiceRequest")[0]["id"])


def resources(bundle: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [each["resource"] for each in bundle["entry"] if each["resource"]["resourceType"] == kind]


def refused(answer: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == FHIR
    (issue,) = answer.json()["issue"]
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert (issue["severity"], issue["details"]["coding"][0]["code"]) == ("error", code)
    return dict(issue)


async def test_a_published_message_is_a_referral_its_receiver_has_and_reads_as_a_message(pipe: Pipe) -> None:
    number = nhs_number()
    sent = Sent(number)
    answer = await speak(pipe, HEALTH, TRUST[1], sent.bundle, x_request_id="r-1", x_correlation_id="c-1")
    assert answer.status_code == 200, answer.text
    assert (answer.headers["x-request-id"], answer.headers["x-correlation-id"]) == ("r-1", "c-1")
    header = resources(answer.json(), "MessageHeader")[0]
    assert header["eventCoding"]["code"] == "servicerequest-response"
    assert header["response"] == {"identifier": sent.bundle["id"], "code": "ok"}
    referral = resources(answer.json(), "ServiceRequest")[0]["id"]

    own = await soon(when(pipe, HEALTH, referral, state="received"))
    assert (own["to"], own["urgency"], own["needs"]) == (TRUST[0], "routine", ["mental-health"])
    received = await soon(when(pipe, TRUST, referral, state="received", reason=...))
    assert received["reason"] == own["reason"]
    assert "Syncope (disorder) [http://snomed.info/sct|271594007]" in received["reason"]

    came = await read(pipe, TRUST, TRUST[1], f"Bundle/{referral}")
    assert came.status_code == 200, came.text
    request = resources(came.json(), "ServiceRequest")[0]
    assert request["category"] == [
        {
            "coding": [
                {
                    "system": "https://fhir.nhs.uk/CodeSystem/message-category-servicerequest",
                    "code": "validation",
                    "display": "For Validation",
                }
            ]
        }
    ]
    assert request["occurrencePeriod"] == sent.request["occurrencePeriod"]
    went = await read(pipe, HEALTH, TRUST[1], f"Bundle/{referral}")
    patient = resources(went.json(), "Patient")[0]
    assert patient["identifier"] == [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": number}]
    assert (patient["name"][0]["family"], patient["name"][0]["given"]) == ("Jones", ["Julie"])
    assert patient["birthDate"] == "1959-05-04"


async def test_between_health_bodies_it_rests_on_the_law_and_from_others_it_waits_for_consent(pipe: Pipe) -> None:
    referral = await referred(pipe, Sent(nhs_number()))
    received = await soon(when(pipe, TRUST, referral, state="received", reason=...))
    sections = (await view(pipe, TRUST, received["person_id"]))["referrals"]
    assert [each["clause"] for each in sections if "share_id" in each] == ["4.5"]
    answer = await speak(pipe, PROBATION, TRUST[1], Sent(nhs_number()).bundle)
    assert answer.status_code == 200, answer.text
    waiting = resources(answer.json(), "ServiceRequest")[0]["id"]
    await soon(when(pipe, PROBATION, waiting, state="awaiting-consent"))
    assert await seen(pipe, TRUST, waiting) == {}
    refused(await read(pipe, TRUST, TRUST[1], f"Bundle/{waiting}"), 404, "referral-unknown")


async def test_a_service_of_the_directory_is_named_by_its_number(pipe: Pipe) -> None:
    body = {"name": "Psychology", "area": "northshire", "needs": ["trauma"]}
    kept = await pipe.call(*TRUST, "PUT", f"/services/{SERVICE}", body)
    assert kept.status_code in (200, 201), kept.text
    sent = Sent(nhs_number())
    sent.header["destination"][0]["endpoint"] = f"http://fhir.nhs.uk/Id/dos-service-id|{SERVICE}"
    own = await seen(pipe, HEALTH, await referred(pipe, sent))
    assert (own["to"], own["service_id"]) == (TRUST[0], SERVICE)


async def test_the_standards_header_names_the_receiver_by_its_ods_code(pipe: Pipe) -> None:
    sent = Sent(nhs_number())
    sent.to("nobody-here")
    target = {"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "X9R01"}
    header = base64.b64encode(json.dumps(target).encode()).decode()
    named = {"nhsd_target_identifier": header}
    answer = await speak(pipe, HEALTH, TRUST[1], sent.bundle, **named)
    assert answer.status_code == 200, answer.text
    for ods, status in (("X9N01", 200), ("X9R01", 403)):
        organisation = {"resourceType": "Organization", "identifier": [{"value": ods}]}
        named["nhsd_end_user_organisation"] = base64.b64encode(json.dumps(organisation).encode()).decode()
        answer = await speak(pipe, HEALTH, TRUST[1], sent.renew().bundle, **named)
        assert answer.status_code == status, answer.text
    refused(answer, 403, "sender-mismatch")


async def test_the_same_message_twice_makes_one_referral(pipe: Pipe) -> None:
    sent = Sent(nhs_number())
    person = (await seen(pipe, HEALTH, await referred(pipe, sent)))["person_id"]
    refused(await speak(pipe, HEALTH, TRUST[1], sent.bundle), 409, "duplicate-message")
    header = sent.header["id"]
    sent.renew().header["id"] = header
    refused(await speak(pipe, HEALTH, TRUST[1], sent.bundle), 409, "duplicate-message")
    listed = await pipe.call(*HEALTH, "GET", "/referrals", params={"person_id": person})
    assert len(listed.json()["items"]) == 1


async def test_a_revoked_request_takes_the_referral_back(pipe: Pipe) -> None:
    sent = Sent(nhs_number())
    referral = await referred(pipe, sent)
    await soon(when(pipe, HEALTH, referral, state="received"))
    sent.renew().because("update")
    sent.request["status"] = "revoked"
    answer = await speak(pipe, HEALTH, TRUST[1], sent.bundle)
    assert answer.status_code == 200, answer.text
    request = resources(answer.json(), "ServiceRequest")[0]
    assert (request["id"], request["status"], request["extension"][0]["valueCode"]) == (
        referral,
        "revoked",
        "withdrawn",
    )


async def test_a_receivers_message_is_its_answer_and_an_update_answers_its_question(pipe: Pipe) -> None:
    number = nhs_number()
    sent = Sent(number)
    referral = await referred(pipe, sent)
    etag = (await soon(when(pipe, TRUST, referral, state="received")))["etag"]
    sent.renew().because("update")
    refused(await speak(pipe, HEALTH, TRUST[1], sent.bundle), 409, "transition-not-allowed")
    asked = await pipe.call(
        *TRUST, "POST", f"/referrals/{referral}/information-request", {"question": "Since when?"}, if_match=etag
    )
    assert asked.status_code == 200, asked.text
    await soon(when(pipe, HEALTH, referral, state="information-requested"))
    sent.request["basedOn"] = []
    sent.request["note"] = [{"text": "Since the spring."}]
    answer = await speak(pipe, HEALTH, TRUST[1], sent.bundle)
    assert answer.status_code == 200, answer.text
    await soon(when(pipe, TRUST, referral, state="received", information=...))

    back = Sent(number, "response")
    back.request["identifier"] = [{"system": "urn:throughgate:referral", "value": referral}]
    refused(await speak(pipe, HEALTH, TRUST[1], back.bundle), 403, "wrong-gateway")
    answer = await speak(pipe, TRUST, TRUST[1], back.bundle)
    assert answer.status_code == 200, answer.text
    await soon(when(pipe, HEALTH, referral, state="accepted"))
    refused(await speak(pipe, TRUST, TRUST[1], back.bundle), 409, "duplicate-message")


async def test_a_receivers_rejection_carries_why_and_what_next(pipe: Pipe) -> None:
    number = nhs_number()
    referral = await referred(pipe, Sent(number))
    await soon(when(pipe, TRUST, referral, state="received"))
    back = Sent(number, "response")
    back.request["id"] = referral
    back.request["status"] = "revoked"
    refused(await speak(pipe, TRUST, TRUST[1], back.bundle), 422, "reason-code-missing")
    coded = (("rejection-codes", "NO_CAPACITY"), ("next", "none"))
    back.request["reasonCode"] = [{"coding": [{"system": f"urn:throughgate:{s}", "code": c}]} for s, c in coded]
    answer = await speak(pipe, TRUST, TRUST[1], back.bundle)
    assert answer.status_code == 200, answer.text
    await soon(when(pipe, HEALTH, referral, state="rejected", reason_code="NO_CAPACITY"))


async def test_what_is_sent_stays_with_its_sender_alone(pipe: Pipe) -> None:
    sent = Sent(nhs_number())
    referral = await referred(pipe, sent)
    refused(await read(pipe, DRUGS, TRUST[1], f"Bundle/{referral}"), 404, "referral-unknown")
    sent.renew().because("delete")
    refused(await speak(pipe, PROBATION, TRUST[1], sent.bundle), 404, "referral-unknown")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        (lambda sent: sent.to(DRUGS[0]), 422, "no-such-receiver"),
        (lambda sent: sent.find("Patient").pop("identifier"), 422, "patient-without-identifier"),
        (lambda sent: sent.find("Patient").pop("birthDate"), 422, "patient-incomplete"),
        (lambda sent: sent.request.update(priority="soon"), 422, "priority-unknown"),
        (lambda sent: sent.header["eventCoding"].update(code="booking-request"), 422, "event-not-served"),
        (lambda sent: sent.bundle.update(entry=[]), 422, "not-a-message"),
    ],
)
async def test_refusals_are_outcomes(pipe: Pipe, change: Any, status: int, code: str) -> None:
    sent = Sent(nhs_number())
    change(sent)
    refused(await speak(pipe, HEALTH, TRUST[1], sent.bundle, x_request_id="r-2"), status, code)


async def test_who_may_not_speak_here(pipe: Pipe) -> None:
    body = Sent(nhs_number()).bundle
    refused(await speak(pipe, AUDITOR, TRUST[1], body), 403, "wrong-gateway")
    refused(await speak(pipe, HEALTH, TRUST[1], b"{"), 400, "malformed")
    refused(await speak(pipe, HEALTH, TRUST[1], body, content_type="text/plain"), 415, "unsupported-media-type")
    refused(await speak(pipe, HEALTH, TRUST[1], body, authorization="Bearer x"), 401, "invalid-token")
    token = TOKENS.token(*HEALTH, scopes=[Scope.READ])
    refused(await speak(pipe, HEALTH, TRUST[1], body, authorization=f"Bearer {token}"), 403, "insufficient-scope")
    assert (await speak(pipe, HEALTH, PROBATION[1], body)).status_code == 404


async def test_the_capability_statement_names_what_is_served(pipe: Pipe) -> None:
    answer = await read(pipe, HEALTH, TRUST[1], "metadata")
    assert (answer.status_code, answer.headers["content-type"]) == (200, FHIR)
    made = answer.json()
    assert (made["resourceType"], made["fhirVersion"]) == ("CapabilityStatement", "4.0.1")
    (rest,) = made["rest"]
    assert [each["name"] for each in rest["operation"]] == ["process-message"]
    assert [each["type"] for each in rest["resource"]] == ["Bundle"]
