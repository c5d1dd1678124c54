"""The reverse call of BaRS: the receiver's answer reaches the sender's own endpoint as a message, as far as the sender
may see it, and says there what it says in the sender's view."""

from functools import partial
from typing import Any

import pytest
from sqlalchemy import text

from contracts.codes import ReferralAction
from gateway.fhir import process
from gateway.fhir.answers import answer_of
from gateway.fhir.codes import PROFILE, RESPONSE
from gateway.fhir.message import Message, message_of
from gateway.fhir.reading import person_of
from gateway.fhir.tree import identifiers, one, words
from tests.integration.gateway.delivering import Agency, deliveries, delivering, registered
from tests.integration.gateway.test_fhir import FHIR, HEALTH, Sent, referred, resources, speak
from tests.integration.gateway.test_referrals import agree, when
from tests.integration.gateway.world import PRISON, TRUST, held, new_number
from tests.support.eventually import eventually
from tests.support.nhs import nhs_number
from tests.support.pipe import Pipe
from tests.support.receiver import Call, Receiver, receiving

soon = partial(eventually, within=60)
AT = "2027-03-04T10:00:00Z"


async def act(pipe: Pipe, referral: str, action: str, body: dict[str, Any]) -> None:
    etag = (await soon(when(pipe, TRUST, referral, state="received")))["etag"]
    answer = await pipe.call(*TRUST, "POST", f"/referrals/{referral}/{action}", body, if_match=etag)
    assert answer.status_code == 200, answer.text


def answering(receiver: Receiver, referral: str) -> list[Call]:
    """The calls that are about a referral."""
    return [each for each in receiver.calls if referral in each.body.decode()]


def read(call: Call) -> Message:
    assert call.headers["content-type"] == FHIR
    return message_of(call.body)


async def test_an_acceptance_reaches_the_senders_endpoint_as_the_message_that_says_so(pipe: Pipe) -> None:
    number = nhs_number()
    sent = Sent(number)
    async with receiving() as receiver, delivering(pipe):
        secret = await registered(pipe, HEALTH, receiver, "/webhook/fhir")
        referral = await referred(pipe, sent)
        await act(pipe, referral, "acceptance", {"appointment_at": AT})
        (call,) = await soon(lambda: answering(receiver, referral))
        bundle = call.verified(secret)
        message = read(call)
        assert (bundle["type"], bundle["meta"]["profile"]) == ("message", [PROFILE])
        assert message.event == RESPONSE
        assert message.header["meta"]["profile"] == [
            "https://fhir.nhs.uk/StructureDefinition/BARSMessageHeader-servicerequest-response"
        ]
        assert message.header["response"] == {"identifier": sent.bundle["id"], "code": "ok"}
        assert words(message.header["destination"][0], "endpoint") == f"urn:throughgate:agency|{HEALTH[0]}"
        assert words(one(message.header, "source"), "endpoint") == f"urn:throughgate:agency|{TRUST[0]}"
        assert answer_of(message) == (ReferralAction.ACCEPTANCE, {"appointment_at": AT})
        assert message.request()["status"] == "active"
        assert set(identifiers(sent.request)) <= set(identifiers(message.request()))
        assert person_of(message.patient()) == [("nhs", number)]

        async def taken_in() -> bool:
            view = (await pipe.call(*HEALTH, "GET", f"/people/nhs:{number}/disclosures")).json()["items"]
            found = [each for each in view if each["share_id"] == call.id]
            return [(each["direction"], each["state"]) for each in found] == [("received", "acknowledged")]

        await soon(taken_in)
        await pipe.call(*HEALTH, "DELETE", "/webhook/fhir")


async def test_an_answer_that_came_before_its_message_was_kept_is_sent_once_it_is(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gateway died between the owner's commit and its own, and the sender asks again."""
    sent = Sent(nhs_number())
    async with receiving() as receiver, delivering(pipe):
        await registered(pipe, HEALTH, receiver, "/webhook/fhir")

        async def dies(*_: object) -> None:
            raise ConnectionError

        with monkeypatch.context() as broken:
            broken.setattr(process, "_keep", dies)
            assert (await speak(pipe, HEALTH, TRUST[1], sent.bundle)).status_code == 503
        (own,) = (await pipe.call(*HEALTH, "GET", "/referrals", params={"limit": 1})).json()["items"]
        referral = own["referral_id"]
        await act(pipe, referral, "acceptance", {"appointment_at": AT})
        await soon(when(pipe, HEALTH, referral, state="accepted", appointment_at=AT))
        await soon(partial(_has_passed_all, pipe))
        again = await speak(pipe, HEALTH, TRUST[1], sent.bundle)
        assert resources(again.json(), "ServiceRequest")[0]["id"] == referral
        (call,) = await soon(lambda: answering(receiver, referral))
        assert answer_of(read(call)) == (ReferralAction.ACCEPTANCE, {"appointment_at": AT})
        await pipe.call(*HEALTH, "DELETE", "/webhook/fhir")


async def _has_passed_all(pipe: Pipe) -> bool:
    """Whether the deliverer has looked at everything in the sender's feed."""
    newest = "SELECT max(cursor) FROM feed_item WHERE agency = :agency"
    query = f"SELECT sent_up_to >= ({newest}) FROM webhook WHERE agency = :agency AND endpoint = 'fhir'"
    async with pipe.outboxes["gateway"].session() as session:
        await session.execute(text("SELECT set_config('throughgate.agency', :agency, true)"), {"agency": HEALTH[0]})
        return bool(await session.scalar(text(query), {"agency": HEALTH[0]}))


async def test_a_rejection_says_why_and_what_next_once_the_endpoint_is_back(pipe: Pipe) -> None:
    async with receiving() as receiver:
        receiver.status = 500
        await registered(pipe, HEALTH, receiver, "/webhook/fhir")
        referral = await referred(pipe, Sent(nhs_number()))
        said = {"reason_code": "RISK_CANNOT_BE_MANAGED", "comment": "Not on this ward.", "next": {"kind": "none"}}
        await act(pipe, referral, "rejection", said)
        await soon(when(pipe, HEALTH, referral, state="rejected", reason_code=...))
        async with delivering(pipe):
            await soon(lambda: answering(receiver, referral))
            receiver.status = 409
            await soon(partial(_settled, pipe))
        first, *others = answering(receiver, referral)
        assert {each.id for each in others} <= {first.id}
        assert {each.body for each in others} <= {first.body}, "an attempt made again is the same message"
        view = await when(pipe, HEALTH, referral, state="rejected")()
        expected = {"reason_code": "RISK_CANNOT_BE_MANAGED", "next": {"kind": "none"}}
        if "comment" in view:
            expected["comment"] = "Not on this ward."
        assert answer_of(read(first)) == (ReferralAction.REJECTION, expected)
        await pipe.call(*HEALTH, "DELETE", "/webhook/fhir")


async def _settled(pipe: Pipe) -> bool:
    found = await deliveries(pipe, HEALTH)
    return bool(found) and all(each["state"] == "delivered" for each in found)


async def test_what_the_senders_view_does_not_hold_any_more_is_not_sent(pipe: Pipe) -> None:
    """The consent that the answer travelled on was withdrawn before the endpoint could take it in."""
    number = new_number()
    person = await held(pipe, number)
    await agree(pipe, number)
    sent = Sent(number)
    sent.find("Patient")["identifier"] = [{"system": "urn:throughgate:identifier:noms", "value": number}]
    async with receiving() as receiver:
        await registered(pipe, PRISON, receiver, "/webhook/fhir")
        said = await speak(pipe, PRISON, TRUST[1], sent.bundle)
        assert said.status_code == 200, said.text
        referral = resources(said.json(), "ServiceRequest")[0]["id"]
        await act(pipe, referral, "acceptance", {"appointment_at": AT})
        await soon(when(pipe, PRISON, referral, state="accepted", appointment_at=AT))
        receiver.status = 500
        async with delivering(pipe):
            await soon(lambda: answering(receiver, referral))
        receiver.status = 204
        receiver.calls.clear()
        gone = await pipe.call(*PRISON, "POST", f"/people/{person}/consent-withdrawals", {})
        assert gone.status_code == 200, gone.text
        await soon(when(pipe, PRISON, referral, state="consent-withdrawn"))
        await pipe.settle()
        async with delivering(pipe):
            ended = await soon(partial(_ended, pipe, PRISON))
        assert [each["state"] for each in ended] == ["withdrawn"]
        assert receiver.calls == []
        await pipe.call(*PRISON, "DELETE", "/webhook/fhir")


async def _ended(pipe: Pipe, agency: Agency) -> list[dict[str, Any]]:
    found = await deliveries(pipe, agency)
    return found if all(each["state"] != "pending" for each in found) else []


async def test_answers_to_referrals_that_came_as_no_message_are_no_messages(pipe: Pipe) -> None:
    async with receiving() as receiver, delivering(pipe):
        await registered(pipe, HEALTH, receiver, "/webhook/fhir")
        number = nhs_number()
        by_message = Sent(number)
        first = await referred(pipe, by_message)
        await soon(when(pipe, TRUST, first, state="received"))
        body = {
            "person": f"nhs:{number}",
            "to_agency": TRUST[0],
            "needs": ["adhd"],
            "reason": "Asked for himself.",
            "urgency": "routine",
            "statutory": False,
        }
        made = await pipe.call(*HEALTH, "POST", "/referrals", body)
        assert made.status_code == 201, made.text
        plain = made.json()["referral_id"]
        await act(pipe, plain, "acceptance", {})
        await soon(when(pipe, HEALTH, plain, state="accepted"))
        await act(pipe, first, "acceptance", {})
        await soon(lambda: answering(receiver, first))
        assert answering(receiver, plain) == []
        await pipe.call(*HEALTH, "DELETE", "/webhook/fhir")
