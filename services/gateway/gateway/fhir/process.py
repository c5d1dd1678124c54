"""What a message asks for, done by the owner in the caller's name: refer, change, take back, or answer.

A message is kept once what it asked for was done. The owner is asked under a key made of the message's id, so that a
message that broke off half-way can be sent again, and two at once make one referral.
"""

import json
from typing import Any, ClassVar
from uuid import NAMESPACE_OID, uuid5

from chassis import clock
from chassis.auth import WrongGateway, ensure_scopes
from chassis.http_client import Answer
from contracts.codes import ReferralAction, Scope
from contracts.errors import Conflict, Invalid
from contracts.http.caseload import ResolvedPerson
from gateway.api.caller import Caller
from gateway.api.forward import ask, known, segment
from gateway.fhir import cases, reading
from gateway.fhir.answers import answer_of, withdrawal_of
from gateway.fhir.codes import REQUEST, RESPONSE
from gateway.fhir.message import EventNotServed, Message
from gateway.fhir.parties import receiver_of
from gateway.fhir.tree import words
from gateway.operations.fhir_messages import is_known, keep_message
from gateway.operations.sending import collect_late

REVOKED = frozenset({"revoked", "entered-in-error"})
CANCELS = frozenset({"delete", "cancelled", "cancel"})
UPDATES = "update"


class Duplicate(Conflict):
    """A message with this id was received before."""

    code: ClassVar[str] = "duplicate-message"


class NotChangeable(Conflict):
    """A referral is changed while the receiver waits for the sender: with information, or after advice. Else it is
    taken back and sent anew."""

    code: ClassVar[str] = "transition-not-allowed"


class NoRequest(Invalid):
    """The message is about a ServiceRequest."""

    code: ClassVar[str] = "service-request-missing"


async def process(caller: Caller, message: Message) -> dict[str, Any]:
    """Do what the message asks for. Returns the referral as the caller's side sees it."""
    if message.event not in (REQUEST, RESPONSE):
        raise EventNotServed(pointer="/MessageHeader/eventCoding")
    is_answer = message.event == RESPONSE
    if is_answer and caller.actor.kind is not caller.request.app.state.kind:
        raise WrongGateway
    ensure_scopes(caller.actor, frozenset({Scope.ANSWER if is_answer else Scope.REFER}))
    if not message.request():
        raise NoRequest(pointer="/ServiceRequest")
    await _refuse_duplicate(caller, message)
    done = await (_answer(caller, message) if is_answer else _requested(caller, message))
    await _keep(caller, message, done)
    return done


async def _requested(caller: Caller, message: Message) -> dict[str, Any]:
    if words(message.request(), "status") in REVOKED or message.reason in CANCELS:
        found = await cases.own(caller, message, direction="sent")
        return await _act(caller, message, found, ReferralAction.WITHDRAWAL, {"reason_code": withdrawal_of(message)})
    if message.reason == UPDATES:
        return await _change(caller, message, await cases.own(caller, message, direction="sent"))
    return await _refer(caller, message)


async def _refer(caller: Caller, message: Message) -> dict[str, Any]:
    """A new referral; a person who is not known to the caller yet is registered in its name first."""
    said = reading.referral_of(message, caller.request.app.state.kind)
    to = await receiver_of(caller, message)
    person = await _person(caller, message)
    body = {"person": person.person_id, **to, **said}
    answer = await ask(
        caller, caller.owners.referral, "POST", "/referrals", content=_json(body), after=person, extra=_key(message)
    )
    return _done(answer)


async def _person(caller: Caller, message: Message) -> ResolvedPerson:
    """Who the Patient is to the caller; without an identifier that passes its check, a person of their own.

    Raises NoPerson, PersonIncomplete, or the register's own refusal.
    """
    patient = message.patient()
    references = [f"{scheme}:{value}" for scheme, value in reading.person_of(patient)]
    for person in await cases.named(caller, references):
        return person
    said = reading.registration_of(patient)
    if not references:
        del said["identifiers"]
        content, key = _json(said), _key(message)
        made = await ask(caller, caller.owners.caseload, "POST", "/people", content=content, extra=key)
        return await known(caller, str(_done(made)["person_id"]))
    path = f"/people/{segment(references[0])}"
    _done(await ask(caller, caller.owners.caseload, "PUT", path, content=_json(said)))
    return await known(caller, references[0])


async def _change(caller: Caller, message: Message, found: cases.Found) -> dict[str, Any]:
    """What was asked for is answered; what came back with advice is sent again. Raises NotChangeable."""
    allowed = found.body["allowed_actions"]
    if ReferralAction.INFORMATION in allowed:
        body = {"answer": reading.reason_of(message, caller.request.app.state.kind)}
        return await _act(caller, message, found, ReferralAction.INFORMATION, body)
    if ReferralAction.SUBMISSION in allowed:
        return await _act(caller, message, found, ReferralAction.SUBMISSION, None)
    raise NotChangeable(pointer="/MessageHeader/reason")


async def _answer(caller: Caller, message: Message) -> dict[str, Any]:
    """The receiver's answer to a referral that it received."""
    action, body = answer_of(message)
    return await _act(caller, message, await cases.own(caller, message, direction="received"), action, body)


async def _act(
    caller: Caller, message: Message, found: cases.Found, action: ReferralAction, body: dict[str, Any] | None
) -> dict[str, Any]:
    """One action, on what the caller would see now: BaRS has no `If-Match` of its own."""
    path = f"/referrals/{found.body['referral_id']}/{action}"
    content = b"" if body is None else _json(body)
    headers = {**_key(message), "if-match": found.etag}
    return _done(await ask(caller, caller.owners.referral, "POST", path, content=content, extra=headers))


async def _refuse_duplicate(caller: Caller, message: Message) -> None:
    async with caller.asking() as session:
        if await is_known(session, agency=caller.agency, header_id=message.header_id, bundle_id=message.bundle_id):
            raise Duplicate


async def _keep(caller: Caller, message: Message, done: dict[str, Any]) -> None:
    """Raises Duplicate if the same message was done at the same time."""
    async with caller.asking() as session:
        is_first = await keep_message(
            session,
            agency=caller.agency,
            header_id=message.header_id,
            bundle_id=message.bundle_id,
            event=str(message.event),
            referral_id=str(done["referral_id"]),
            person_id=done.get("person_id"),
            names=message.names(),
            body=message.body,
            now=clock.now(),
        )
        if is_first and message.event == REQUEST:
            await collect_late(session, agency=caller.agency, referral_id=str(done["referral_id"]), now=clock.now())
    if not is_first:
        raise Duplicate


def _done(answer: Answer) -> dict[str, Any]:
    found: dict[str, Any] = answer.raise_for_problem().json()
    return found


def _key(message: Message) -> dict[str, str]:
    return {"idempotency-key": str(uuid5(NAMESPACE_OID, f"bars {message.header_id} {message.bundle_id}"))}


def _json(body: dict[str, Any]) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode()
