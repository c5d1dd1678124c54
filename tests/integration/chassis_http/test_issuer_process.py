"""The issuer as a process, agencies that publish their keys, and a service that trusts it, over real sockets."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from fastapi import APIRouter, FastAPI
from joserfc import jwt
from joserfc.jwk import ECKey

from chassis.auth import ActorDep
from chassis.http import create_app
from chassis.http_client import Answer, ServiceClient, UpstreamUnavailable
from chassis.ids import new_id
from chassis.settings import Environment, Settings
from tests.integration.chassis_http.serving import served
from tests.support.http import client, problem
from throughgate.issuer.clients import ASSERTION_TYPE
from throughgate.local.ports import free_port

TRUST = "mht-made-up"


class TrustKeys:
    """The keys of a made-up trust, published at its own address; the trust may rotate them when it likes."""

    def __init__(self) -> None:
        self.rotate()

    def rotate(self) -> None:
        self.key = ECKey.generate_key("P-384", {"kid": new_id()})

    def assertion(self, audience: str) -> str:
        at = int(time.time())
        claims = {"iss": TRUST, "sub": TRUST, "aud": audience, "exp": at + 60, "iat": at, "jti": new_id()}
        return jwt.encode({"alg": "ES384", "kid": self.key.kid}, claims, self.key, algorithms=["ES384"])


@dataclass
class Issuer:
    url: str
    environment: dict[str, str]
    process: subprocess.Popen[bytes]

    async def token(self, **form: str) -> Answer:
        body = "&".join(f"{name}={value}" for name, value in {"grant_type": "client_credentials", **form}.items())
        async with ServiceClient(self.url) as caller:
            return await caller.request(
                "POST",
                "/oauth2/token",
                content=body.encode(),
                headers={"content-type": "application/x-www-form-urlencoded"},
            )


@pytest.fixture(scope="module")
def trust() -> TrustKeys:
    return TrustKeys()


@pytest.fixture(scope="module")
async def trust_url(trust: TrustKeys) -> AsyncIterator[str]:
    router = APIRouter()

    @router.get("/jwks.json")
    async def jwks() -> dict[str, Any]:
        return {"keys": [trust.key.as_dict(private=False)]}

    app = create_app(Settings(environment=Environment.TEST), [router], database=None, title="trust")
    async with served(app) as url:
        yield url


@pytest.fixture(scope="module")
def issuer(trust_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Issuer]:
    folder: Path = tmp_path_factory.mktemp("issuer")
    (folder / "agencies").mkdir()
    for agency in (
        {"id": "hmp-made-up", "kind": "prison"},
        {"id": TRUST, "kind": "mental-health", "jwks_uri": f"{trust_url}/jwks.json"},
    ):
        (folder / "agencies" / f"{agency['id']}.yaml").write_text(yaml.safe_dump(agency))
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {
        **os.environ,
        "THROUGHGATE_ENVIRONMENT": "test",
        "THROUGHGATE_ISSUER": url,
        "THROUGHGATE_HTTP_PORT": str(port),
        "THROUGHGATE_DEPLOY_DIR": str(folder),
        "THROUGHGATE_DATA_DIR": str(folder / "data"),
    }
    process = subprocess.Popen([sys.executable, "-m", "throughgate.issuer"], env=environment)
    yield Issuer(url, environment, process)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) in (0, -signal.SIGTERM)


@pytest.fixture(scope="module")
async def ready(issuer: Issuer) -> Issuer:
    async with ServiceClient(issuer.url) as caller, asyncio.timeout(60):
        while True:
            assert issuer.process.poll() is None
            try:
                if (await caller.request("GET", "/health/readiness")).ok:
                    return issuer
            except UpstreamUnavailable:
                await asyncio.sleep(0.05)


def service(issuer: Issuer, **options: Any) -> FastAPI:
    router = APIRouter()

    @router.get("/me")
    async def me(actor: ActorDep) -> str:
        return actor.agency

    settings = Settings(
        environment=Environment.TEST, issuer=issuer.url, jwks_url=f"{issuer.url}/oauth2/jwks", **options
    )
    return create_app(settings, [router], database=None, title="service")


FORM = {"client_id": "hmp-made-up", "client_secret": "dev-hmp-made-up"}


async def test_a_service_trusts_it_through_rotations(ready: Issuer) -> None:
    command = [sys.executable, "-m", "throughgate.issuer", "rotate"]
    async with client(service(ready)) as caller:
        for _ in range(3):
            token = (await ready.token(**FORM)).json()["access_token"]
            assert (await caller.get("/me", headers={"authorization": f"Bearer {token}"})).json() == "hmp-made-up"
            rotation = await asyncio.create_subprocess_exec(
                *command, env=ready.environment, stdout=asyncio.subprocess.DEVNULL
            )
            assert await rotation.wait() == 0


async def test_another_deployment_refuses_its_tokens(ready: Issuer) -> None:
    token = (await ready.token(**FORM)).json()["access_token"]
    async with client(service(ready, audience="urn:throughgate:elsewhere")) as caller:
        answer = await caller.get("/me", headers={"authorization": f"Bearer {token}"})
    problem(answer, 401, "invalid-token")
    assert "www-authenticate" in answer.headers


async def test_an_agencys_published_keys_are_fetched_and_may_rotate(ready: Issuer, trust: TrustKeys) -> None:
    def form() -> dict[str, str]:
        signed = trust.assertion(f"{ready.url}/oauth2/token")
        return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": signed}

    assert (await ready.token(**form())).status == 200
    before = form()
    trust.rotate()
    assert (await ready.token(**form())).status == 200
    refused = await ready.token(**before)
    assert (refused.status, refused.json()["error"]) == (401, "invalid_client")
