"""Names, numbers, addresses and words of people leave no trace outside tables and the bodies of messages."""

import asyncio
import itertools
import json
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from chassis.clock import now
from chassis.http_client import Answer, ServiceClient
from chassis.settings import Settings
from contracts.registry import EVENTS
from contracts.topics import Topic
from tests.support.eventually import eventually
from tests.support.stack import RunningStack, running_stack
from tests.support.topics import everything, plant
from tests.system.world import CHARITY, NORTHGATE, POLICE, PROBATION, TRUST, Person, World

WORD = "Qzx"
"""Every word that a test writes about a person begins so; nothing of Throughgate's own does."""
NOMS = "Q8765ZX"
NHS = "9434765919"
CRN = "Y876543"
TRACES = (WORD.lower(), NOMS.lower(), NHS, CRN.lower(), "1987-06-05")
_words = itertools.count(1)


def word() -> str:
    return f"{WORD}{next(_words):04d}"


@pytest.fixture(scope="module")
def own_stack() -> Iterator[RunningStack]:
    with running_stack() as running:
        yield running


@pytest.fixture(scope="module")
async def own_world(own_stack: RunningStack) -> AsyncIterator[World]:
    async with ServiceClient(own_stack.url, timeout_s=60) as http:
        yield World(own_stack, http)


async def _live(world: World) -> Person:
    """A person of whom everything is written, shared, refused, withdrawn and warned about."""
    prison, day = world.desk(NORTHGATE), now().date() + timedelta(days=40)
    body = {
        "identifiers": [{"scheme": "noms", "value": NOMS}, {"scheme": "nhs", "value": NHS}],
        "name": {"family": word(), "given": word()},
        "date_of_birth": "1987-06-05",
        "languages": [word()],
    }
    made = await prison.put(f"/people/noms:{NOMS}", body)
    person = Person(made["person_id"], NOMS, CRN)
    address = {"kind": "address", "lines": [word(), word()]}
    await world.push(person, day, reporting=word(), release_address=address)
    await world.supervise(person)
    claim = {"roles": ["through-the-gate"], "reason": word(), "reference": word()}
    await world.desk(CHARITY).put(f"/people/noms:{NOMS}/involvement", claim)
    sections: dict[str, dict[str, Any]] = {
        "accommodation": {"status": "settled", "address": {"lines": [word()]}, "support": word()},
        "risk-markers": {"markers": [{"code": "other", "level": "low", "note": word()}]},
        "licence-conditions": {"conditions": [{"code": "c1", "kind": "bespoke", "text": word()}]},
    }
    for category, content in sections.items():
        await prison.put(f"{person.path}/sections/{category}", content)
    await world.consent(person, CHARITY, evidence_ref=word(), interpreter=word())
    warning = {
        "to": [{"agency": PROBATION}],
        "risk": "suicide",
        "text": word(),
        "justification": f"Because {word()} rang.",
    }
    await prison.post(f"{person.path}/warnings", warning)
    pull = {"person": f"noms:{NOMS}", "category": "risk-markers", "justification": f"Because {word()} was found."}
    await world.desk(PROBATION).post("/emergency-requests", pull)
    referral = {
        "person": person.id,
        "to_agency": TRUST,
        "needs": ["mental-health"],
        "reason": word(),
        "urgency": "urgent",
        "statutory": False,
        "previous_contact": word(),
        "location": word(),
    }
    await prison.post("/referrals", referral)
    await world.sees(CHARITY, person, day)
    await world.withdraw(person)
    await world.sees_nothing(CHARITY, person)
    return person


async def _malformed(world: World, person: Person) -> list[Answer]:
    """The same words where they do not belong."""
    desks = [world.desk(agency) for agency in (NORTHGATE, PROBATION, POLICE)]
    answers: list[Answer] = []
    for desk in desks:
        calls: list[tuple[str, str, Any]] = [
            ("PUT", f"/people/noms:{NOMS}", {word(): word(), "name": word()}),
            ("PUT", f"/people/noms:{word()}", {"name": {"family": word(), "given": "\0" + word()}}),
            ("PUT", f"{person.path}/sections/accommodation", {"status": word(), "support": [word()]}),
            ("POST", f"{person.path}/consents", {"decision": word(), "how": word(), "valid_until": word()}),
            ("POST", "/people/lookup", {"identifier": {"scheme": "nhs", "value": word()}}),
            ("POST", "/people/lookup", {"identifier": {"scheme": word(), "value": NHS}}),
            ("POST", "/emergency-requests", {"person": f"nhs:{NHS}", "category": word(), "justification": word()}),
            ("POST", "/referrals", {"person": f"noms:{NOMS}", "reason": word(), "needs": [word()]}),
            ("GET", f"/people?name={word()}", None),
            ("GET", f"/feed?after={word()}", None),
            ("GET", f"/{word()}/noms:{NOMS}", None),
            ("GET", f"/people/nhs:{NHS}", None),
            ("GET", f"/referrals?person_id=noms:{NOMS}", None),
        ]
        answers += [await desk.call(method, path, body) for method, path, body in calls]
        path = f"/people/noms:{NOMS}"
        for raw in (f'{{"name": "{word()}', f'["{word()}"]', f'{{"name": {{"family": "{word()}\\ud800"}}}}'):
            answers.append(await desk.call("PUT", path, content=raw.encode()))
        answers.append(await desk.call("PUT", path, {}, headers={"if-match": word(), "traceparent": word()}))
        answers.append(await desk.call("POST", f"{person.path}/consents", {}, headers={"idempotency-key": word()}))
    prison = world.desk(NORTHGATE)
    lines = [f'{{"person": "noms:{NOMS}", "date": "{word()}"}}', f'{{"person": "{word()}', f'"{word()}"', word()]
    bulk = await prison.call("POST", "/release-dates/bulk", content="\n".join(lines).encode(), timeout_s=60)
    assert WORD not in bulk.body.decode()
    for message in (
        {"eventType": word(), "additionalInformation": {"nomsNumber": NOMS}},
        {"eventType": "prisoner-offender-search.prisoner.released", "additionalInformation": {"nomsNumber": word()}},
        {"Type": "Notification", "Message": word()},
    ):
        answers.append(await prison.call("POST", "/events", message))
    form = f"grant_type=client_credentials&client_id={word()}&client_secret={word()}&user={word()}"
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answers.append(await world.http.request("POST", "/oauth2/token", content=form.encode(), headers=headers))
    return answers


def _planted() -> dict[Topic, tuple[str, bytes]]:
    """On every topic an event of a type that belongs there, with a body that nobody can take."""
    types = {cls.TOPIC: type_ for type_, cls in EVENTS.items()}
    body = json.dumps({"person_id": NOMS, word(): {"family": word(), "nhs": NHS}}).encode()
    return {topic: (type_, body) for topic, type_ in types.items()}


async def _parked(data_dir: Path) -> list[dict[str, Any]]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "throughgate", "parked", "list", "--json", "--data-dir", str(data_dir)),
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()
    assert not [trace for trace in TRACES if trace in said.decode().lower()], "the parked list tells of a person"
    found: list[dict[str, Any]] = json.loads(said)
    return found


async def test_nothing_of_a_person_is_in_logs_parked_lists_problems_headers_or_keys(own_world: World) -> None:
    world = own_world
    person = await _live(world)
    for answer in await _malformed(world, person):
        assert answer.status < 500, answer.body
        said = (answer.body.decode() + str(dict(answer.headers))).lower()
        if not answer.ok:
            assert not [trace for trace in TRACES if trace in said], f"a problem says again what was sent: {said}"

    settings = Settings(kafka=json.loads((world.stack.data_dir / "stack.json").read_text())["kafka"])
    keys = await plant(settings, _planted())

    async def parked() -> bool:
        return any(each["key"] in keys.values() for each in await _parked(world.stack.data_dir))

    await eventually(parked, within=60, every=1)
    assert all(each["key"] in keys.values() for each in await _parked(world.stack.data_dir)), "another stream is parked"
    another = await world.person()
    day = now().date() + timedelta(days=50)
    await world.push(another, day)
    await world.supervise(another)
    await world.sees(PROBATION, another, day)

    messages = await everything(settings)
    assert len(messages) > 20
    assert any(WORD.encode() in (message.value or b"") for message in messages), "the words did not come this far"
    for message in messages:
        outside = repr((message.key, message.headers)).lower()
        assert not [trace for trace in TRACES if trace in outside], f"{message.topic}: {outside}"
    logs = sorted((world.stack.data_dir / "logs").glob("*.log"))
    assert len(logs) >= 8
    assert any(log.stat().st_size for log in logs)
    for log in logs:
        for line in log.read_text(errors="replace").lower().splitlines():
            assert not [trace for trace in TRACES if trace in line], f"{log.name}: {line}"
