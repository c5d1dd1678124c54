"""The services' own routes, asked past the gateways: who proves nothing is told nothing, and an agency is no operator.

A gateway forwards its caller's token, so an agency's own token is good here, as far as its scopes reach. There is no
database behind the applications: a route that looked for anything before the token would answer otherwise.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI
from joserfc.jwk import ECKey

import audit.main
import caseload.main
import consent.main
import referral.main
import release_notify.main
from audit.signing import signer
from chassis.db import Database
from chassis.ids import new_id
from chassis.settings import Environment, Settings
from contracts.codes import AgencyKind
from tests.support.forged import FAULTS, Forger
from tests.support.http import client
from tests.support.tokens import TokenMaker

MARK = "Qzx9services"
OPEN = {"/health/liveness", "/health/readiness", "/info"}
"""Routes for whoever runs the process; they name nobody."""
OF_NO_SCOPE = {
    ("caseload", "GET", "/v1/agencies"),
    ("caseload", "GET", "/v1/agencies/{agency}"),
    ("caseload", "POST", "/v1/people/lookup"),
    ("caseload", "POST", "/v1/people/resolve"),
    ("caseload", "POST", "/v1/people/bulk-registrations"),
    ("consent", "GET", "/v1/me"),
    ("consent", "GET", "/v1/agreements"),
    ("consent", "GET", "/v1/agreements/{agreement}/{version}"),
    ("consent", "POST", "/v1/agreements/check"),
}
"""What every caller may ask for itself: directories, the agreement, and the ids of persons whom it has named."""
OPERATORS = {
    ("caseload", "PUT", "/v1/agencies/{agency}"),
    ("caseload", "POST", "/v1/merges"),
    ("caseload", "POST", "/v1/merges/{merge_id}/reversal"),
    ("caseload", "POST", "/v1/erasures"),
    ("caseload", "GET", "/v1/doubts"),
    ("caseload", "POST", "/v1/doubts/{doubt_id}/decision"),
    ("consent", "POST", "/v1/agreements"),
    ("consent", "POST", "/v1/agencies/{agency}/suspension"),
    ("consent", "DELETE", "/v1/agencies/{agency}/suspension"),
    ("consent", "PUT", "/v1/people/{person}/restriction"),
    ("consent", "GET", "/v1/decisions/{share_id}/replay"),
}
REVIEWERS = {("consent", "GET", "/v1/reviews"), ("consent", "POST", "/v1/reviews/{share_id}")}
PARTIES = [kind for kind in AgencyKind if kind not in (AgencyKind.AUDITOR, AgencyKind.OPERATOR)]

SENT: tuple[tuple[bytes | None, dict[str, str]], ...] = ((None, {}), (b'{"' + MARK.encode(), {}), (None, {MARK: MARK}))
"""Body and query: nothing wrong, no JSON, and a parameter that no route knows."""

Door = tuple[str, str, str]
"""Service, method, and path as its OpenAPI document has it."""


@dataclass(frozen=True)
class Services:
    """Every service's application, every route of its document, and an issuer that they trust."""

    apps: dict[str, FastAPI]
    http: dict[str, httpx2.AsyncClient]
    doors: tuple[Door, ...]
    forger: Forger

    async def knock(self, door: Door, token: str | None, *, raw: bytes | None = None, **more: Any) -> httpx2.Response:
        service, method, path = door
        headers = {"idempotency-key": new_id(), "if-match": '"1"', "content-type": "application/json"}
        if token is not None:
            headers["authorization"] = f"Bearer {token}"
        content = raw if raw is not None else b"{}"
        return await self.http[service].request(method, _filled(path), headers=headers, content=content, **more)


def _filled(path: str) -> str:
    return "/".join(MARK if part.startswith("{") else part for part in path.split("/"))


@pytest.fixture(scope="module")
async def services() -> AsyncIterator[Services]:
    settings = Settings(environment=Environment.TEST)
    nowhere = Database("postgresql://nobody:nothing@127.0.0.1:9/none")
    maker = TokenMaker()
    verifier = maker.verifier()
    signing = signer(settings.log_origin, Ed25519PrivateKey.generate())
    apps = {
        "caseload": caseload.main.create(settings, nowhere, verifier=verifier),
        "release-notify": release_notify.main.create(settings, nowhere, verifier=verifier),
        "referral": referral.main.create(settings, nowhere, verifier=verifier),
        "consent": consent.main.create(settings, nowhere, verifier=verifier),
        "audit": audit.main.create(settings, nowhere, signing, verifier=verifier),
    }
    doors = tuple(
        (name, method.upper(), path)
        for name, app in apps.items()
        for path, operations in app.openapi()["paths"].items()
        for method in operations
        if path not in OPEN
    )
    async with AsyncExitStack() as stack:
        http = {name: await stack.enter_async_context(client(app)) for name, app in apps.items()}
        yield Services(apps, http, doors, Forger(maker, ECKey.generate_key("P-256", {"kid": "of-before"})))
    await nowhere.close()


def test_every_service_is_here_with_its_routes(services: Services) -> None:
    assert len(services.doors) > 90
    assert {service for service, _, _ in services.doors} == set(services.apps)
    assert set(services.doors) >= OF_NO_SCOPE | OPERATORS | REVIEWERS
    mounted = {(name, *each) for name, app in services.apps.items() for each in _mounted(app.routes)}
    described = {(name, method, path.removeprefix("/v1")) for name, method, path in services.doors}
    assert mounted == described, "a route that no document has would be walked by nobody"


def _mounted(routes: Sequence[Any]) -> Iterator[tuple[str, str]]:
    for route in routes:
        if router := getattr(route, "original_router", None):
            yield from _mounted(router.routes)
        elif route.path not in OPEN:
            yield from ((method, route.path.removeprefix("/v1")) for method in route.methods)


@pytest.mark.parametrize("name", [name for name, fault in FAULTS.items() if fault.status == 401])
async def test_a_wrong_token_gets_one_answer_at_every_route_of_every_service(services: Services, name: str) -> None:
    told = set()
    token = FAULTS[name].make(services.forger, "hmp-northgate", AgencyKind.PRISON)
    for door in services.doors:
        for raw, query in SENT if name in ("none", "expired") else SENT[:1]:
            answer = await services.knock(door, token, raw=raw, params=query)
            told.add((answer.status_code, answer.headers.get("www-authenticate", "").split(",")[0], answer.text))
            assert answer.status_code == 401, f"{door}: {answer.text}"
            assert answer.json()["code"] == FAULTS[name].code, door
            assert set(answer.json()) <= {"type", "title", "status", "code", "detail"}
            assert MARK not in answer.text + str(answer.headers.raw)
    assert len(told) == 1, f"what is asked for makes a difference: {told}"


async def test_a_token_without_scopes_reaches_what_is_for_everybody_and_nothing_else(services: Services) -> None:
    token = services.forger.good.token("hmp-northgate", AgencyKind.PRISON, scopes=())
    reached = set()
    for door in services.doors:
        answer = await services.knock(door, token)
        if answer.status_code == 403:
            assert answer.json()["code"] == "insufficient-scope", door
            assert MARK not in answer.text
        else:
            reached.add(door)
    assert reached == OF_NO_SCOPE


@pytest.mark.parametrize("kind", PARTIES)
async def test_no_agency_s_token_opens_what_is_for_operators_and_auditors(services: Services, kind: AgencyKind) -> None:
    closed = OPERATORS | REVIEWERS | {door for door in services.doors if door[0] == "audit"}
    token = services.forger.good.token("hmp-northgate", kind)
    for door in sorted(closed):
        answer = await services.knock(door, token)
        assert (answer.status_code, answer.json()["code"]) == (403, "insufficient-scope"), door
        assert MARK not in answer.text


async def test_an_operator_s_token_opens_no_log_and_an_auditor_s_changes_nothing_of_an_operator_s(
    services: Services,
) -> None:
    log = {door for door in services.doors if door[0] == "audit"}
    for agency, kind, closed in (
        ("operator", AgencyKind.OPERATOR, log | REVIEWERS),
        ("auditor-north", AgencyKind.AUDITOR, OPERATORS),
    ):
        token = services.forger.good.token(agency, kind)
        for door in sorted(closed):
            answer = await services.knock(door, token)
            assert (answer.status_code, answer.json()["code"]) == (403, "insufficient-scope"), (kind, door)
