"""Published BaRS messages that mean somebody: a receiver, a person and a referral that there are."""

import json
from collections.abc import Iterator
from random import Random
from typing import Any

from chassis.ids import new_id
from tests.badinput.gateways import NOMS
from tests.badinput.made import BREAKERS, spoilt
from tests.badinput.test_messages import marked
from tests.support.published import published

Message = dict[str, Any]
READ = ("MessageHeader", "ServiceRequest", "Patient", "Location", "CarePlan", "Observation", "Encounter")
"""The resources that are looked into; a fault anywhere else is mostly passed over."""
PASSED_OVER = frozenset({"meta", "extension", "text", "contact", "telecom"})
"""Left out, or most faults would be there."""


def request(receiver: str) -> Message:
    """A new referral of the person to that agency."""
    message = _published("request")
    _only(message, "MessageHeader")["destination"][0]["endpoint"] = f"urn:throughgate:agency|{receiver}"
    _only(message, "ServiceRequest")["orderDetail"] = [
        {"coding": [{"system": "urn:throughgate:needs", "code": "mental-health"}]}
    ]
    return message


def response(referral: str, rng: Random) -> Message:
    """The receiver's answer to that referral: yes, or no with why and what next."""
    message = _published("response")
    asked = _only(message, "ServiceRequest")
    asked["identifier"] = [{"system": "urn:throughgate:referral", "value": referral}]
    if rng.random() < 0.5:
        asked["status"] = "revoked"
        coded = (("rejection-codes", "NO_CAPACITY"), ("next", "none"))
        asked["reasonCode"] = [{"coding": [{"system": f"urn:throughgate:{s}", "code": c}]} for s, c in coded]
    return message


def change(message: Message, rng: Random) -> Message:
    """Another message about the same request: it is changed or taken back."""
    changed: Message = json.loads(json.dumps(message))
    changed["id"] = _only(changed, "MessageHeader")["id"] = new_id()
    reason = _only(changed, "MessageHeader")["reason"]["coding"][0]
    reason["code"] = rng.choice(("update", "delete"))
    return changed


def spoilt_where_it_is_read(message: Message, rng: Random) -> bytes:
    """With one thing wrong in a resource that counts; now and then anywhere, or no JSON any more."""
    chance = rng.random()
    if chance < 0.15:
        message = spoilt(message, rng)
    else:
        entry = rng.choice([each for each in message["entry"] if each["resource"]["resourceType"] in READ])
        entry["resource"] = spoilt(entry["resource"], rng)
    raw = json.dumps(message).encode()
    return rng.choice(BREAKERS)(raw) if chance < 0.05 else raw


def _published(name: str) -> Message:
    message: Message = marked(json.loads(published(f"nhs-bars/servicerequest-{name}.json").read_bytes()))
    message["id"] = _only(message, "MessageHeader")["id"] = new_id()
    _only(message, "Patient")["identifier"] = [{"system": "urn:throughgate:identifier:noms", "value": NOMS}]
    for entry in message["entry"]:
        entry["resource"] = _without(entry["resource"], PASSED_OVER)
    renewed = f"urn:uuid:{new_id()}"
    for entry in message["entry"]:
        if entry["resource"]["resourceType"] == "ServiceRequest":
            entry["fullUrl"] = renewed
            entry["resource"].pop("id", None)
    _only(message, "MessageHeader")["focus"] = [{"reference": renewed}]
    return message


def _without(value: Any, names: frozenset[str]) -> Any:
    if isinstance(value, dict):
        return {name: _without(each, names) for name, each in value.items() if name not in names}
    return [_without(each, names) for each in value] if isinstance(value, list) else value


def _only(message: Message, kind: str) -> dict[str, Any]:
    found: Iterator[dict[str, Any]] = (each["resource"] for each in message["entry"])
    return next(each for each in found if each["resourceType"] == kind)
