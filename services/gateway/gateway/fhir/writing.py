"""A referral as a message of BaRS: what one side may see of it, and nothing else. `reading` reads it back the same."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from gateway.fhir import lines, replies
from gateway.fhir.codes import (
    AGENCY,
    CODING_OF_SCORE,
    EVENTS,
    HEADER_PROFILE,
    IDENTIFIER,
    NEEDS,
    NHS_NUMBER,
    NOT_TRACED,
    PRIORITY_OF,
    PROFILE,
    REASONS,
    REFERRAL,
    RESPONSE,
    SERVICE,
    STATE,
    VERIFICATION,
    VERIFICATIONS,
    status_of,
)
from gateway.fhir.tree import Resource

Referral = Mapping[str, Any]


def bundle(
    referral: Referral, *, event: str, identity: Mapping[str, Any] | None = None, answers: str | None = None
) -> Resource:
    """The message about a referral. `identity` is what the caller may see of who the person is (its `claimed` are
    numbers that failed their check); `answers` is the id of the message that this one answers."""
    referral_id = str(referral["referral_id"])
    is_answer = event == RESPONSE
    parts = [
        _service_request(referral, has_place=bool(referral.get("location")), is_answer=is_answer),
        _patient(referral, identity),
        _organization(str(referral["from"])),
        _organization(str(referral["to"])),
        *_location(referral),
        *_observations(referral),
        *(_appointments(referral) if is_answer else ()),
    ]
    resources = [_header(referral, event=event, answers=answers), *parts]
    made: Resource = {
        "resourceType": "Bundle",
        "id": _id(event, referral_id, str(referral["version"])),
        "meta": {"profile": [PROFILE]},
        "type": "message",
        "entry": [{"fullUrl": f"urn:uuid:{each['id']}", "resource": each} for each in resources],
    }
    if at := referral.get("submitted_at"):
        made["timestamp"] = at
    return made


def _header(referral: Referral, *, event: str, answers: str | None) -> Resource:
    sender, receiver = str(referral["from"]), str(referral["to"])
    if event == RESPONSE:
        sender, receiver = receiver, sender
    made: Resource = {
        "resourceType": "MessageHeader",
        "id": _id("header", event, str(referral["referral_id"]), str(referral["version"])),
        "meta": {"profile": [f"{HEADER_PROFILE}{event}"]},
        "eventCoding": {"system": EVENTS, "code": event},
        "destination": [{"endpoint": f"{AGENCY}|{receiver}", "receiver": _reference(_id(AGENCY, receiver))}],
        "sender": _reference(_id(AGENCY, sender)),
        "source": {"name": "Throughgate", "endpoint": f"{AGENCY}|{sender}"},
        "reason": {"coding": [{"system": REASONS, "code": "new"}]},
        "focus": [_reference(str(referral["referral_id"]))],
    }
    if answers is not None:
        made["response"] = {"identifier": answers, "code": "ok"}
    return made


def _appointments(referral: Referral) -> list[Resource]:
    referral_id, person_id = str(referral["referral_id"]), str(referral["person_id"])
    named = _id("appointment", referral_id)
    patient, request = _reference(person_id), _reference(referral_id)
    return replies.appointments(referral, appointment_id=named, patient=patient, request=request)


def _service_request(referral: Referral, *, has_place: bool, is_answer: bool) -> Resource:
    entries = lines.read(str(referral.get("reason") or ""))
    numbers = [{"system": each.system, "value": each.code} for each in entries if each.role == lines.REFERENCE]
    made: Resource = {
        "resourceType": "ServiceRequest",
        "id": str(referral["referral_id"]),
        "extension": [{"url": STATE, "valueCode": referral["state"]}],
        "identifier": [{"system": REFERRAL, "value": str(referral["referral_id"])}, *numbers],
        "status": status_of(str(referral["state"])),
        "intent": "plan",
        "category": _concepts(entries, lines.CATEGORY),
        "priority": PRIORITY_OF.get(str(referral.get("urgency"))),
        "code": next(iter(_concepts(entries, lines.CODE)), None),
        "orderDetail": [{"coding": [{"system": NEEDS, "code": need}]} for need in referral.get("needs") or ()],
        "subject": _reference(str(referral["person_id"])),
        "authoredOn": referral.get("submitted_at"),
        "requester": _reference(_id(AGENCY, str(referral["from"]))),
        "performer": [_reference(_id(AGENCY, str(referral["to"])))],
        "reasonCode": _concepts(entries, lines.REASON) + _free(entries),
        "supportingInfo": [_reference(each["id"]) for each in _observations(referral)],
    }
    if is_answer:
        made["reasonCode"] += replies.reasons(referral)
        made["note"] = replies.notes(referral)
    if service := referral.get("service_id"):
        made["performer"][0]["identifier"] = {"system": SERVICE, "value": service}
    if has_place:
        made["locationReference"] = [_reference(_id("place", str(referral["referral_id"])))]
    if when := next((each for each in entries if each.role == lines.WHEN), None):
        made["occurrencePeriod"] = _without_nothing({"start": when.system, "end": when.code})
    return _without_nothing(made)


def _patient(referral: Referral, identity: Mapping[str, Any] | None) -> Resource:
    made = {"resourceType": "Patient", "id": str(referral["person_id"])}
    claimed = _claimed(referral, identity or {})
    if identity is None:
        return _without_nothing({**made, "identifier": claimed})
    sex = identity.get("sex")
    numbers = [
        {"system": NHS_NUMBER if each["scheme"] == "nhs" else f"{IDENTIFIER}{each['scheme']}", "value": each["value"]}
        for each in identity.get("identifiers", ())
    ]
    name = identity.get("name")
    return _without_nothing(
        {
            **made,
            "identifier": numbers + claimed,
            "name": [{"use": "official", "family": name["family"], "given": [name["given"]]}] if name else [],
            "gender": "unknown" if sex == "not-known" else sex,
            "birthDate": identity.get("date_of_birth"),
        }
    )


def _claimed(referral: Referral, identity: Mapping[str, Any]) -> list[Resource]:
    """Numbers that failed their check, said to be that, so that no reader takes one for the person's."""
    status = {"coding": [{"system": VERIFICATIONS, "code": NOT_TRACED}]}
    entries = lines.read(str(referral.get("reason") or ""))
    values = [*(each.code for each in entries if each.role == lines.CLAIMED), *identity.get("claimed", ())]
    return [
        {"extension": [{"url": VERIFICATION, "valueCodeableConcept": status}], "system": NHS_NUMBER, "value": value}
        for value in dict.fromkeys(values)
    ]


def _organization(agency: str) -> Resource:
    number = {"system": AGENCY, "value": agency}
    return {"resourceType": "Organization", "id": _id(AGENCY, agency), "identifier": [number]}


def _location(referral: Referral) -> list[Resource]:
    if not (place := referral.get("location")):
        return []
    return [{"resourceType": "Location", "id": _id("place", str(referral["referral_id"])), "name": place}]


def _observations(referral: Referral) -> list[Resource]:
    """Scores, and what else was observed without a value."""
    coded: list[tuple[Resource, int | None]] = []
    for name, value in (referral.get("scores") or {}).items():
        system, code = CODING_OF_SCORE[name]
        coded.append(({"system": system, "code": code}, value))
    entries = lines.read(str(referral.get("reason") or ""))
    coded += [(_coding(entry), None) for entry in entries if entry.role == lines.OBSERVATION]
    return [
        _without_nothing(
            {
                "resourceType": "Observation",
                "id": _id("observation", str(referral["referral_id"]), str(number)),
                "status": "final",
                "code": {"coding": [coding]},
                "subject": _reference(str(referral["person_id"])),
                "valueInteger": value,
            }
        )
        for number, (coding, value) in enumerate(coded)
    ]


def _concepts(entries: Iterable[lines.Entry], role: str) -> list[Resource]:
    return [{"coding": [_coding(each)]} for each in entries if each.role == role]


def _free(entries: Iterable[lines.Entry]) -> list[Resource]:
    text = "\n".join(each.words for each in entries if each.role == lines.WORDS)
    return [{"text": text}] if text else []


def _coding(entry: lines.Entry) -> Resource:
    return _without_nothing({"system": entry.system, "code": entry.code, "display": entry.words})


def _reference(to: str) -> Resource:
    return {"reference": f"urn:uuid:{to}"}


def _id(*parts: str) -> str:
    return str(uuid5(NAMESPACE_OID, "throughgate " + " ".join(parts)))


def _without_nothing(made: Resource) -> Resource:
    return {name: value for name, value in made.items() if value is not None and value not in ("", [])}
