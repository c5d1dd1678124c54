"""Published HMPPS events and BaRS messages with one thing wrong: no fault, and nothing of them in a refusal."""

import copy
import json
from collections.abc import Callable
from random import Random
from typing import Any

import httpx2
import pytest

from chassis.http import BODY_LIMIT
from tests.badinput.conftest import REQUESTS
from tests.badinput.gateways import AGENCIES
from tests.badinput.made import BREAKERS, MARK, encoded, spoilt
from tests.support.pipe import Pipe
from tests.support.published import published
from tests.support.tokens import TOKENS

COUNT = max(50, REQUESTS // 20)
EVENTS = ("intake", "recall", "release")
MESSAGES = ("request", "response")
RECEIVERS = ("mental-health", "prison-health", "drug-alcohol", "housing", "provider", "liaison-diversion")
FHIR = "application/fhir+json"
WHOLE: dict[str, bytes] = {
    "nothing": b"",
    "a NUL": b"\x00",
    "no JSON": b"Qzx9",
    "a text": b'"Qzx9"',
    "a list": b'["Qzx9"]',
    "null": b"null",
    "a huge number": b"9" * 5000,
    "bad UTF-8": b'{"eventType":"Qzx9\xff"}',
    "deep": b"[" * 400_000,
    "deep objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "a body at the limit": b'{"Qzx9":"' + b"x" * (BODY_LIMIT - 11) + b'"}',
    "a body over the limit": b'{"Qzx9":"' + b"x" * BODY_LIMIT + b'"}',
}


def marked(value: Any) -> Any:
    """The same, and every free text of it can be told again."""
    if isinstance(value, dict):
        return {
            name: f"{MARK} {each}" if name in FREE and isinstance(each, str) else marked(each)
            for name, each in value.items()
        }
    return [marked(each) for each in value] if isinstance(value, list) else value


FREE = {"description", "text", "display", "comment", "div", "reason", "nomisMovementReasonCode", "line", "family"}


def refused_in_words_of_its_own(
    answer: httpx2.Response, what: str, media_type: str = "application/problem+json"
) -> None:
    assert answer.status_code < 500, f"{what}: {answer.text}"
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == media_type, what
        assert MARK not in answer.text + str(answer.headers.raw), f"{what} is echoed: {answer.text}"
        if media_type == FHIR:
            assert answer.json()["resourceType"] == "OperationOutcome"


async def tell(pipe: Pipe, raw: bytes) -> httpx2.Response:
    return await pipe.call(AGENCIES["prison"], "prison", "POST", "/events", raw=raw, content_type="application/json")


async def speak(pipe: Pipe, kind: str, raw: bytes) -> httpx2.Response:
    headers = {**TOKENS.headers(AGENCIES[kind], kind), "content-type": FHIR}
    return await pipe.http.post(f"/{kind}/fhir/$process-message", headers=headers, content=raw, timeout=60)


def bare(outer: dict[str, Any], rng: Random) -> bytes:
    return encoded(spoilt(json.loads(outer["Message"]), rng), rng)


def spoilt_inside(outer: dict[str, Any], rng: Random) -> bytes:
    inner = bare(outer, rng).decode("utf-8", "surrogateescape")
    return json.dumps(outer | {"Message": inner}).encode()


def spoilt_outside(outer: dict[str, Any], rng: Random) -> bytes:
    return encoded(spoilt(outer, rng), rng)


FORMS: dict[str, Callable[[dict[str, Any], Random], bytes]] = {
    "bare": bare,
    "inside": spoilt_inside,
    "outside": spoilt_outside,
}


@pytest.mark.timeout(0)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", EVENTS)
async def test_a_spoilt_event_of_the_national_system(pipe: Pipe, name: str, form: str) -> None:
    outer = json.loads(published(f"hmpps-domain-events/sns-{name}-event.json").read_bytes())
    outer["Message"] = json.dumps(marked(json.loads(outer["Message"])))
    taken = 0
    async with pipe.carrying():
        for seed in range(COUNT):
            raw = FORMS[form](copy.deepcopy(outer), Random(f"{name} {form} {seed}"))
            answer = await tell(pipe, raw)
            refused_in_words_of_its_own(answer, f"{name} {form}, seed {seed}, {raw[:300]!r}")
            taken += answer.status_code < 300
    assert taken < COUNT
    assert taken or name != "intake", "nothing was taken: the others are about somebody who is not known here"


@pytest.mark.timeout(0)
@pytest.mark.parametrize("name", MESSAGES)
@pytest.mark.parametrize("kind", RECEIVERS)
async def test_a_spoilt_message_between_services(pipe: Pipe, kind: str, name: str) -> None:
    message = marked(json.loads(published(f"nhs-bars/servicerequest-{name}.json").read_bytes()))
    async with pipe.carrying():
        for seed in range(COUNT // 3):
            rng = Random(f"{kind} {name} {seed}")
            value = spoilt(message, rng)
            raw = rng.choice(BREAKERS)(json.dumps(value).encode()) if seed % 10 == 0 else json.dumps(value).encode()
            answer = await speak(pipe, kind, raw)
            refused_in_words_of_its_own(answer, f"{kind} {name}, seed {seed}, {raw[:300]!r}", FHIR)


@pytest.mark.parametrize("what", WHOLE)
async def test_what_is_no_message_at_all(pipe: Pipe, what: str) -> None:
    told = await tell(pipe, WHOLE[what])
    refused_in_words_of_its_own(told, what)
    spoken = await speak(pipe, "mental-health", WHOLE[what])
    refused_in_words_of_its_own(spoken, what, FHIR)
    assert told.status_code >= 400
    assert spoken.status_code >= 400
