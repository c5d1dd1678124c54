"""What passes between Throughgate and systems beyond it: messages between services, endpoints, and prisons' bulk."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from chassis.clock import now
from chassis.http_client import Answer
from chassis.ids import new_id
from tests.badinput.test_messages import FHIR, FREE
from tests.support.eventually import eventually
from tests.support.published import published
from tests.support.receiver import Receiver, receiving
from tests.system.referring import sees
from tests.system.world import NORTHGATE, PRISON_HEALTH, PROBATION, TRUST, World

Word = Callable[[], str]
Resource = dict[str, Any]
ENDPOINTS = ((PROBATION, "/webhook"), (PRISON_HEALTH, "/webhook/fhir"))


@asynccontextmanager
async def failing_endpoints(world: World, secret: str) -> AsyncIterator[Receiver]:
    """Who is told of the person by webhook and by message has an endpoint that answers with a fault of its own."""
    async with receiving() as receiver:
        receiver.status = 500
        for agency, path in ENDPOINTS:
            await world.desk(agency).put(path, {"url": receiver.url, "secret": secret})
        yield receiver


async def messages(world: World, nhs: str, receiver: Receiver, word: Word) -> None:
    """A referral comes as a published message and is answered by one, every text in both a word of the person's; its
    sender is called with what came of it."""
    asked = _published("request", nhs, word)
    _of(asked, "MessageHeader")["destination"][0]["endpoint"] = f"urn:throughgate:agency|{TRUST}"
    made = await _speak(world, PRISON_HEALTH, asked)
    referral = _of(made, "ServiceRequest")["id"]
    await sees(world, TRUST, referral, state="received", reason=...)
    answer = _published("response", nhs, word)
    _of(answer, "ServiceRequest")["identifier"] = [{"system": "urn:throughgate:referral", "value": referral}]
    await _speak(world, TRUST, answer)
    await eventually(lambda: [call for call in receiver.calls if b"Bundle" in call.body], within=30)
    await eventually(lambda: [call for call in receiver.calls if b"feed.item" in call.body], within=30)


async def bulk(world: World, noms: str, word: Word) -> None:
    """One line of somebody whom nobody knows yet, and it is applied."""
    line = {
        "person": f"noms:{noms}",
        "date_type": "CRD",
        "date": (now().date() + timedelta(days=70)).isoformat(),
        "status": "calculated",
        "reason": "first-calculation",
        "identifiers": [{"scheme": "noms", "value": noms}],
        "name": {"family": word(), "given": word()},
        "date_of_birth": "1987-06-05",
    }
    answer = await push(world, json.dumps(line))
    assert json.loads(answer.body)["outcome"] == "applied", answer.body


async def push(world: World, lines: str) -> Answer:
    """A prison's bulk of dates."""
    how = {"content-type": "application/x-ndjson", "idempotency-key": new_id()}
    desk = world.desk(NORTHGATE)
    answer = await desk.call("POST", "/release-dates/bulk", content=lines.encode(), headers=how, timeout_s=60)
    assert answer.status == 200, answer.body
    return answer


async def _speak(world: World, agency: str, message: Resource) -> Resource:
    answer = await world.http.request(
        "POST",
        "/mental-health/fhir/$process-message",
        token=await world.desk(agency).token(),
        content=json.dumps(message).encode(),
        headers={"content-type": FHIR},
    )
    assert answer.status == 200, answer.body
    return dict(answer.json())


def _published(name: str, nhs: str, word: Word) -> Resource:
    """About the person, and another message and request than the published one."""
    message: Resource = _marked(json.loads(published(f"nhs-bars/servicerequest-{name}.json").read_bytes()), word)
    message["id"] = _of(message, "MessageHeader")["id"] = new_id()
    patient = _of(message, "Patient")
    patient["identifier"] = [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": nhs}]
    return message


def _marked(value: Any, word: Word) -> Any:
    if isinstance(value, dict):
        return {
            name: f"{word()} {each}" if name in FREE and isinstance(each, str) else _marked(each, word)
            for name, each in value.items()
        }
    return [_marked(each, word) for each in value] if isinstance(value, list) else value


def _of(message: Resource, kind: str) -> Resource:
    found: Iterator[Resource] = (each["resource"] for each in message["entry"])
    return next(each for each in found if each["resourceType"] == kind)
