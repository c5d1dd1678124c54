"""A message is read in steps that grow with it and no faster: whoever sends one decides how many entries it has."""

import json
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from contracts.codes import AgencyKind
from gateway.fhir import cases, reading
from gateway.fhir.codes import REFERRAL
from gateway.fhir.message import Message, message_of


def sent(*entries: dict[str, Any], **header: Any) -> Message:
    first = {"resource": {"resourceType": "MessageHeader", "id": "h", **header}}
    return message_of(json.dumps({"resourceType": "Bundle", "entry": [first, *entries]}).encode())


def of_many(count: int) -> Message:
    """As many entries and foci, the request last of both."""
    kinds = ["Observation"] * (count - 2) + ["Patient", "ServiceRequest"]
    entries: list[dict[str, Any]] = [
        {"fullUrl": f"urn:uuid:{number}", "resource": {"resourceType": kind, "note": [{"text": "Asks for help."}]}}
        for number, kind in enumerate(kinds)
    ]
    return sent(*entries, focus=[{"reference": each["fullUrl"]} for each in entries])


def calls(work: Callable[[], object]) -> int:
    """How many calls of functions and turns of generators the work takes."""
    counted = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal counted
        counted += event == "call"

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return counted


def test_twice_the_entries_and_foci_are_twice_the_work() -> None:
    few, twice = of_many(200), of_many(400)
    assert calls(lambda: read(twice)) < 2.5 * calls(lambda: read(few))


def read(message: Message) -> None:
    assert reading.referral_of(message, AgencyKind.MENTAL_HEALTH)["reason"] == "Asks for help."
    assert message.patient()["resourceType"] == "Patient"
    assert message.names() == [str(len(message.entries) - 2)]


def test_the_request_is_looked_for_once() -> None:
    message = of_many(200)
    message.request()
    assert calls(message.request) < 5


@pytest.mark.parametrize("name", ["urn:uuid:1", "ServiceRequest/1", "ServiceRequest/a"])
def test_a_reference_means_the_first_entry_of_that_address_or_id(name: str) -> None:
    one = {"fullUrl": "urn:uuid:1", "resource": {"resourceType": "ServiceRequest", "id": "a"}}
    other = {"fullUrl": "urn:uuid:a", "resource": {"resourceType": "ServiceRequest", "id": "1"}}
    assert sent(one, other).at({"reference": name}) == one["resource"]


@pytest.mark.parametrize("name", ["urn:uuid:2", "urn:uuid:", "", None, 7])
def test_a_reference_to_nothing_means_nothing(name: object) -> None:
    entry = {"fullUrl": "", "resource": {"resourceType": "ServiceRequest", "id": ["2", {}]}}
    assert sent(entry).at({"reference": name}) == {}


def test_of_a_thousand_names_twenty_are_asked_after() -> None:
    called = [{"system": REFERRAL, "value": str(number)} for number in range(1000)]
    message = sent({"resource": {"resourceType": "ServiceRequest", "id": "r", "identifier": called}})
    assert message.names() == ["r", *(f"{REFERRAL}|{number}" for number in range(19))]
    assert message.referral_ids() == [str(number) for number in range(20)]


async def test_the_people_whom_a_thousand_identifiers_name_are_asked_for_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[list[str]] = []

    async def resolve_all(_caller: object, references: list[str]) -> list[None]:
        asked.append(references)
        return [None] * len(references)

    monkeypatch.setattr(cases, "resolve_all", resolve_all)
    caller: Any = None
    assert await cases.named(caller, ["noms:" + "A" * 60, *(f"noms:{number}" for number in range(1000))]) == []
    assert asked == [[f"noms:{number}" for number in range(20)]]
