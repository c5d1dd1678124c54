"""Every way in which a token can be wrong, at every route of every gateway: one answer, whatever is asked for."""

import asyncio
import json
import os
import shutil
import signal
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from chassis.ids import new_id
from chassis.settings import DEVELOPMENT_AUDIENCE
from contracts.codes import RECEIVING, AgencyKind
from tests.isolation.calls import Route, filled
from tests.support.eventually import eventually
from tests.support.forged import FAULTS, Fault, Forger, issuer_key
from tests.support.stack import RunningStack, running_stack
from throughgate.issuer.clients import ASSERTION_TYPE
from throughgate.issuer.keyring import KeyRing

ROOT = Path(__file__).resolve().parents[2]
AGENCIES = {
    "prison": "hmp-northgate",
    "prison-health": "health-northgate",
    "probation": "probation-north",
    "police": "police-north",
    "court": "court-northtown",
    "mental-health": "mht-riverside",
    "drug-alcohol": "das-riverside",
    "liaison-diversion": "ld-north",
    "housing": "housing-northtown",
    "youth": "yot-northtown",
    "benefits": "benefits-north",
    "provider": "charity-newstart",
    "auditor": "auditor-north",
}
FHIR = (Route("GET", "/metadata"), Route("POST", "/$process-message"), Route("GET", "/Bundle/{referral_id}"))
PROBLEM = {"type", "title", "status", "code", "detail"}
DULL = {"content-type", "content-length", "date", "www-authenticate", "traceparent", "ratelimit", "ratelimit-policy"}
DULL |= {"x-content-type-options", "cache-control"}
SIGNER = "das-riverside"
"""The agency that proves itself by assertions signed with a key of its own."""


@dataclass(frozen=True, slots=True)
class Door:
    """One route of one kind's gateway, filled with names of somebody there is, or of nobody."""

    kind: AgencyKind
    method: str
    path: str
    body: Any


@dataclass
class Gate:
    """A stack of this file's own, whose issuer's keys were rotated, and every door of it."""

    stack: RunningStack
    http: httpx2.AsyncClient
    forger: Forger
    key: ECKey
    doors: Sequence[Door]

    async def knock(self, door: Door, token: str | None, **more: Any) -> httpx2.Response:
        headers = {"idempotency-key": new_id(), "if-match": '"1"'}
        if token is not None:
            headers["authorization"] = f"Bearer {token}"
        headers |= more.pop("headers", {})
        sent = more or ({} if door.body is None else {"json": door.body})
        return await self.http.request(door.method, f"/{door.kind}{door.path}", headers=headers, **sent)

    async def knock_everywhere(self, fault: Fault, doors: Sequence[Door], **more: Any) -> list[httpx2.Response]:
        tokens = {kind: fault.make(self.forger, agency, AgencyKind(kind)) for kind, agency in AGENCIES.items()}
        at_once = asyncio.Semaphore(16)

        async def one(door: Door) -> httpx2.Response:
            async with at_once:
                return await self.knock(door, tokens[door.kind], **more)

        return list(await asyncio.gather(*(one(door) for door in doors)))


@pytest.fixture(scope="module")
def own_key() -> ECKey:
    return ECKey.generate_key("P-256", {"kid": "of-the-agency"})


@pytest.fixture(scope="module")
def own_stack(tmp_path_factory: pytest.TempPathFactory, own_key: ECKey) -> Iterator[RunningStack]:
    """With an agency that has registered a key."""
    deploy = tmp_path_factory.mktemp("deployed") / "deploy"
    shutil.copytree(ROOT / "deploy", deploy)
    (deploy / "agencies" / "keys.json").write_text(json.dumps(KeySet([own_key]).as_dict(private=False)))
    with (deploy / "agencies" / f"{SIGNER}.yaml").open("a") as file:
        file.write("\njwks_file: keys.json\n")
    with running_stack(environment={"THROUGHGATE_DEPLOY_DIR": str(deploy)}) as running:
        yield running


@pytest.fixture(scope="module")
async def gate(own_stack: RunningStack, own_key: ECKey) -> AsyncIterator[Gate]:
    folder = own_stack.data_dir / "issuer"
    before, old = own_stack.token("hmp-northgate"), issuer_key(folder)
    async with httpx2.AsyncClient(base_url=own_stack.url, timeout=60, trust_env=False) as http:

        async def me(token: str) -> int:
            answer = await http.get("/prison/v1/me", headers={"authorization": f"Bearer {token}"})
            return answer.status_code

        assert await me(before) == 200
        for _ in range(3):
            KeyRing(folder).rotate()
        assert await me(own_stack.token("hmp-northgate")) == 200, "a rotated key is fetched when it is first met"
        assert await me(before) == 401, "and the one that was taken back is good no more"
        forger = Forger.of(url=own_stack.url, audience=DEVELOPMENT_AUDIENCE, folder=folder, old=old)
        doors = [door async for door in _doors(http, forger)]
        assert len(doors) > 650
        yield Gate(own_stack, http, forger, own_key, doors)


async def _doors(http: httpx2.AsyncClient, forger: Forger) -> AsyncIterator[Door]:
    """Every route of every gateway's OpenAPI, and BaRS; each for somebody or, every second time, for nobody."""
    bearer = {"authorization": f"Bearer {forger.good.token('hmp-northgate', AgencyKind.PRISON)}"}
    body = {"name": {"family": "Ordinary", "given": "Robin"}, "date_of_birth": "1990-02-03"}
    made = await http.put("/prison/v1/people/noms:T1001KN", json=body, headers=bearer)
    ids = ("release_id", "consent_id", "referral_id", "appointment_id", "share_id", "service_id", "id")
    names = {name: new_id() for name in ids} | {"date_type": "CRD", "agency": "police-north", "set": "needs"}
    somebody = names | {"person": made.json()["person_id"], "noms": "T1001KN"}
    nobody = names | {"person": new_id(), "noms": "T1002KN"}
    for kind in AGENCIES:
        document = (await http.get(f"/{kind}/v1/openapi.json")).json()
        routes = [
            ("", Route(method.upper(), path.removeprefix("/v1")))
            for path, operations in document["paths"].items()
            if path.startswith("/v1")
            for method in operations
        ]
        routes += [("fhir", route) for route in FHIR if AgencyKind(kind) in RECEIVING]
        for place, (prefix, route) in enumerate(routes):
            who = somebody if place % 2 else nobody
            path = f"/{prefix or 'v1'}{filled(route.path, who)}"
            yield Door(AgencyKind(kind), route.method, path, filled(route.body, who))


def told(answers: Sequence[httpx2.Response]) -> set[tuple[int, str, str, str]]:
    """What the answers tell apart from one another: of the same refusal there is one."""
    return {
        (answer.status_code, answer.headers["content-type"], answer.headers.get("www-authenticate", ""), answer.text)
        for answer in answers
    }


@pytest.mark.parametrize("name", FAULTS)
async def test_a_wrong_token_gets_one_answer_everywhere(gate: Gate, name: str) -> None:
    fault = FAULTS[name]
    doors = [door for door in gate.doors if door.path.startswith("/v1")]
    answers = await gate.knock_everywhere(fault, doors)
    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(fault.status, fault.code)}
    assert len(told(answers)) == 1, "what is asked for, or whether it exists, makes a difference"
    for answer in answers:
        assert set(answer.json()) <= PROBLEM
        assert set(answer.headers) <= DULL
        assert ("www-authenticate" in answer.headers) is (fault.status == 401)
    said = answers[0].text + str(answers[0].headers)
    for word in (gate.forger.good.key.kid, "elsewhere", "governor", "northgate", "T1001KN", "eyJ"):
        assert str(word) not in said


@pytest.mark.parametrize("name", [name for name, fault in FAULTS.items() if fault.status == 401])
async def test_a_wrong_token_gets_one_outcome_from_every_route_of_bars(gate: Gate, name: str) -> None:
    doors = [door for door in gate.doors if door.path.startswith("/fhir")]
    assert doors
    answers = await gate.knock_everywhere(FAULTS[name], doors)
    assert len(told(answers)) == 1
    (status, form, challenge, body) = told(answers).pop()
    assert (status, form) == (401, "application/fhir+json")
    assert challenge.startswith("Bearer")
    assert json.loads(body)["resourceType"] == "OperationOutcome"


async def test_auditors_and_operators_speak_no_bars(gate: Gate) -> None:
    for agency, kind in (("auditor-north", AgencyKind.AUDITOR), ("operator", AgencyKind.OPERATOR)):
        token = gate.forger.good.token(agency, kind)
        for door in gate.doors:
            if door.path.startswith("/fhir"):
                assert (await gate.knock(door, token)).status_code == 403


@pytest.mark.parametrize("name", ["none", "expired"])
@pytest.mark.parametrize("how", ["no JSON", "another form", "unknown parameter", "not text"])
async def test_who_proves_nothing_is_told_nothing_of_what_was_sent(gate: Gate, name: str, how: str) -> None:
    ways: dict[str, dict[str, Any]] = {
        "no JSON": {"content": b'{"name": ', "headers": {"content-type": "application/json"}},
        "another form": {"content": b"<x/>", "headers": {"content-type": "application/xml"}},
        "unknown parameter": {"params": {"nonsense": "1"}},
        "not text": {"content": b'{"reason": "\\u0000"}', "headers": {"content-type": "application/json"}},
    }
    doors = [door for door in gate.doors if door.path.startswith("/v1")]
    answers = await gate.knock_everywhere(FAULTS[name], doors, **ways[how])
    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(401, FAULTS[name].code)}
    assert len(told(answers)) == 1


async def test_a_good_token_passes_every_door_of_its_own_kind(gate: Gate) -> None:
    """Else everything above would hold of a gateway that is closed."""
    good = Fault(lambda forger, agency, kind: forger.good.token(agency, kind))
    reads = [door for door in gate.doors if door.method == "GET" and not door.path.endswith("/feed/stream")]
    answers = await gate.knock_everywhere(good, reads)
    assert {answer.status_code for answer in answers} <= {200, 204, 404, 422}
    assert sum(answer.status_code == 200 for answer in answers) > 100
    assert "unauthorized" not in "".join(answer.text for answer in answers)


async def test_a_stolen_cursor_is_worth_as_much_as_nonsense(gate: Gate) -> None:
    token = gate.forger.good.token
    thieves = {"hmp-southmoor": AgencyKind.PRISON, "probation-north": AgencyKind.PROBATION}
    owner = {"authorization": f"Bearer {token('hmp-northgate', AgencyKind.PRISON)}"}
    body = {"name": {"family": "Ordinary", "given": "Sam"}, "date_of_birth": "1990-02-03"}
    for number in (3, 4):
        await gate.http.put(f"/prison/v1/people/noms:T100{number}KN", json=body, headers=owner)

    async def next_of(path: str) -> str:
        found = (await gate.http.get(f"/prison/v1{path}", headers=owner)).json()["next"]
        assert found, "no cursor to steal"
        return str(found)

    people = await eventually(lambda: next_of("/people?limit=1"), within=30)
    feed = await next_of("/feed?limit=1")
    for path, cursor in (("/people?cursor=", people), ("/feed?after=", feed)):
        mine = await gate.http.get(f"/prison/v1{path}{quote(cursor)}", headers=owner)
        assert mine.status_code == 200
        for thief, kind in thieves.items():
            headers = {"authorization": f"Bearer {token(thief, kind)}"}
            stolen = await gate.http.get(f"/{kind}/v1{path}{quote(cursor)}", headers=headers)
            made_up = await gate.http.get(f"/{kind}/v1{path}bm90aGluZw", headers=headers)
            assert (stolen.status_code, stolen.json()["code"]) == (422, "cursor-invalid")
            assert told([stolen]) == told([made_up])
    for thief, kind in thieves.items():
        headers = {"authorization": f"Bearer {token(thief, kind)}", "last-event-id": feed}
        stolen = await gate.http.get(f"/{kind}/v1/feed/stream", headers=headers)
        assert (stolen.status_code, stolen.json()["code"]) == (422, "cursor-invalid")


def assertion(gate: Gate, **claims: Any) -> dict[str, str]:
    """The form that asks for a token with an assertion."""
    at = int(time.time())
    made = {"iss": SIGNER, "sub": SIGNER, "aud": f"{gate.stack.url}/oauth2/token", "iat": at, "exp": at + 120}
    made |= {"jti": new_id(), **claims}
    signed = jwt.encode({"alg": "ES256", "kid": gate.key.kid}, made, gate.key, algorithms=["ES256"])
    return {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": signed,
    }


async def test_an_assertion_is_good_once_however_many_bring_it_at_once(gate: Gate) -> None:
    form = assertion(gate)
    answers = await asyncio.gather(*(gate.http.post("/oauth2/token", data=form) for _ in range(12)))
    assert sorted(answer.status_code for answer in answers) == [200, *[401] * 11]
    refused = [answer for answer in answers if answer.status_code == 401]
    assert len(told(refused)) == 1
    assert set(refused[0].json()) == {"error", "error_description"}
    assert form["client_assertion"] not in refused[0].text
    (good,) = (answer for answer in answers if answer.status_code == 200)
    bearer = {"authorization": f"Bearer {good.json()['access_token']}"}
    assert (await gate.http.get("/drug-alcohol/v1/me", headers=bearer)).status_code == 200
    as_token = {"authorization": f"Bearer {assertion(gate)['client_assertion']}"}
    assert (await gate.http.get("/drug-alcohol/v1/me", headers=as_token)).status_code == 401


async def test_an_assertion_that_was_used_is_good_no_more_after_the_issuer_died(gate: Gate) -> None:
    forms = [assertion(gate), assertion(gate, iat=int(time.time()) + 4)]
    first = [await gate.http.post("/oauth2/token", data=form) for form in forms]
    assert [answer.status_code for answer in first] == [200, 200]
    gate.stack.process.news()
    os.kill(gate.stack.process.pid("issuer"), signal.SIGKILL)

    async def asked(form: dict[str, str]) -> httpx2.Response:
        answer = await gate.http.post("/oauth2/token", data=form)
        assert answer.status_code != 503, "the issuer is not back"
        return answer

    assert {(await eventually(partial(asked, each), within=60, every=0.2)).status_code for each in forms} == {401}

    async def new_one() -> bool:
        return (await gate.http.post("/oauth2/token", data=assertion(gate))).status_code == 200

    assert await eventually(new_one, within=30, every=0.2)
