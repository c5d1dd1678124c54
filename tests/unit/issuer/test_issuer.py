"""The development issuer: who gets a token, for what, and that services accept it."""

import base64
import hashlib
import json
import os
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import ECKey, Key, KeySet, RSAKey

from chassis.auth import Actor, actor_of
from chassis.settings import Environment, Settings
from chassis.tokens import Keys, TokenRefused, Verifier
from contracts.codes import AgencyKind, Scope
from tests.support.http import client
from throughgate.issuer.app import IssuerRefused, build
from throughgate.issuer.clients import ASSERTION_TYPE
from throughgate.issuer.keyring import KeyRing
from throughgate.issuer.registry import KINDS_OF_SCOPE, load_clients

DEPLOYED = Path("deploy")
TRUST = "mht-made-up"
TRUST_KEYS: dict[str, Key] = {
    "RS512": RSAKey.generate_key(2048, {"kid": "rsa"}),
    "ES256": ECKey.generate_key("P-256", {"kid": "p256"}),
    "ES384": ECKey.generate_key("P-384", {"kid": "p384"}),
}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    agencies = tmp_path / "agencies"
    agencies.mkdir()
    for agency in (
        {"id": "hmp-made-up", "kind": "prison"},
        {"id": "auditor-made-up", "kind": "auditor"},
        {"id": TRUST, "kind": "mental-health", "jwks_file": "keys.json"},
    ):
        (agencies / f"{agency['id']}.yaml").write_text(yaml.safe_dump(agency))
    public = KeySet(list(TRUST_KEYS.values())).as_dict(private=False)
    (agencies / "keys.json").write_text(json.dumps(public))
    return Settings(
        environment=Environment.TEST, issuer="http://issuer.test", deploy_dir=tmp_path, data_dir=tmp_path / "data"
    )


@pytest.fixture
def app(settings: Settings) -> FastAPI:
    return build(settings)


async def ask(app: FastAPI, form: dict[str, str], **options: Any) -> httpx2.Response:
    async with client(app) as caller:
        return await caller.post("/oauth2/token", data={"grant_type": "client_credentials", **form}, **options)


async def by_secret(app: FastAPI, client_id: str, **form: str) -> httpx2.Response:
    return await ask(app, {"client_id": client_id, "client_secret": f"dev-{client_id}", **form})


def refused(answer: httpx2.Response, error: str, status: int = 401) -> None:
    assert answer.status_code == status, answer.text
    assert answer.json()["error"] == error
    assert answer.headers["cache-control"] == "no-store"


async def verified(app: FastAPI, settings: Settings, token: str) -> Actor:
    async def fetch() -> Any:
        async with client(app) as caller:
            return (await caller.get("/oauth2/jwks")).json()

    verifier = Verifier(issuer=settings.issuer, audience=settings.audience, keys=Keys(fetch))
    return actor_of(await verifier.claims(token))


async def test_a_service_accepts_the_token_and_sees_the_agency(app: FastAPI, settings: Settings) -> None:
    answer = (await by_secret(app, "hmp-made-up", user="d.whitlock")).json()
    actor = await verified(app, settings, answer["access_token"])
    assert (actor.agency, actor.kind, actor.member) == ("hmp-made-up", AgencyKind.PRISON, "d.whitlock")
    assert {Scope.READ, Scope.PUSH} <= actor.scopes
    assert answer["token_type"] == "Bearer"
    assert set(answer["scope"].split()) == actor.scopes


async def test_fewer_scopes_can_be_asked_for_and_never_more(app: FastAPI, settings: Settings) -> None:
    token = (await by_secret(app, "hmp-made-up", scope="read")).json()["access_token"]
    assert (await verified(app, settings, token)).scopes == {Scope.READ}
    refused(await by_secret(app, "hmp-made-up", scope="read audit"), "invalid_scope", 400)
    refused(await by_secret(app, "hmp-made-up", scope="nonsense"), "invalid_scope", 400)


async def test_the_operator_operates_and_nothing_else(app: FastAPI, settings: Settings) -> None:
    actor = await verified(app, settings, (await by_secret(app, "operator")).json()["access_token"])
    assert (actor.kind, actor.scopes) == (AgencyKind.OPERATOR, frozenset({Scope.OPERATE}))


def test_every_scope_has_its_kinds_and_every_kind_a_scope() -> None:
    assert set(KINDS_OF_SCOPE) == set(Scope)
    assert frozenset[AgencyKind]().union(*KINDS_OF_SCOPE.values()) == set(AgencyKind)
    assert AgencyKind.AUDITOR not in KINDS_OF_SCOPE[Scope.REFER] | KINDS_OF_SCOPE[Scope.CONSENT]
    assert KINDS_OF_SCOPE[Scope.PUSH] == {AgencyKind.PRISON}
    assert KINDS_OF_SCOPE[Scope.AUDIT] == {AgencyKind.AUDITOR}


def test_every_deployed_agency_is_a_client() -> None:
    clients = load_clients(DEPLOYED / "agencies")
    assert {"hmp-northgate", "probation-north", "charity-newstart", "auditor-north", "operator"} <= set(clients)


async def test_basic_authentication_is_a_secret_too(app: FastAPI) -> None:
    assert (await ask(app, {}, auth=("hmp-made-up", "dev-hmp-made-up"))).status_code == 200
    answer = await ask(app, {}, auth=("hmp-made-up", "wrong"))
    refused(answer, "invalid_client")
    assert answer.headers["www-authenticate"].startswith("Basic")


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"client_id": "hmp-made-up"},
        {"client_id": "hmp-made-up", "client_secret": "dev-auditor-made-up"},
        {"client_id": "hmp-made-up", "client_secret": ""},
        {"client_id": "nobody", "client_secret": "dev-nobody"},
        {"client_id": "nobody", "client_secret": ""},
        {"client_secret": "dev-"},
    ],
)
async def test_an_unknown_client_or_secret_is_refused(app: FastAPI, form: dict[str, str]) -> None:
    refused(await ask(app, form), "invalid_client")


async def test_two_ways_at_once_are_refused(app: FastAPI) -> None:
    form = {"client_id": "hmp-made-up", "client_secret": "dev-hmp-made-up"}
    refused(await ask(app, form, auth=("hmp-made-up", "dev-hmp-made-up")), "invalid_client")


async def test_other_grants_forms_and_doubled_parameters_are_refused(app: FastAPI) -> None:
    refused(await by_secret(app, "hmp-made-up", grant_type="password"), "unsupported_grant_type", 400)
    refused(await by_secret(app, "hmp-made-up", ttl="0"), "invalid_request", 400)
    refused(await by_secret(app, "hmp-made-up", ttl="9999999"), "invalid_request", 400)
    async with client(app) as caller:
        refused(await caller.post("/oauth2/token", json={}), "invalid_request", 400)
        doubled = "grant_type=client_credentials&grant_type=client_credentials"
        headers = {"content-type": "application/x-www-form-urlencoded"}
        refused(await caller.post("/oauth2/token", content=doubled, headers=headers), "invalid_request", 400)


def assertion(alg: str = "ES256", key: Key | None = None, **claims: Any) -> str:
    at = int(time.time())
    used = key or TRUST_KEYS[alg]
    made = {
        "iss": TRUST,
        "sub": TRUST,
        "aud": "http://issuer.test/oauth2/token",
        "exp": at + 120,
        "iat": at,
        "jti": f"{time.time_ns()}",
        **claims,
    }
    filled = {name: value for name, value in made.items() if value is not None}
    return jwt.encode({"alg": alg, "kid": used.kid}, filled, used, algorithms=[alg])


async def by_assertion(app: FastAPI, signed: str, **form: str) -> httpx2.Response:
    return await ask(app, {"client_assertion_type": ASSERTION_TYPE, "client_assertion": signed, **form})


@pytest.mark.parametrize("alg", ["RS512", "ES256", "ES384"])
async def test_an_assertion_signed_with_a_registered_key_is_good(app: FastAPI, settings: Settings, alg: str) -> None:
    answer = await by_assertion(app, assertion(alg))
    assert (await verified(app, settings, answer.json()["access_token"])).agency == TRUST


async def test_an_assertion_is_good_once(app: FastAPI) -> None:
    signed = assertion()
    assert (await by_assertion(app, signed)).status_code == 200
    refused(await by_assertion(app, signed), "invalid_client")
    again = assertion(jti="once")
    assert (await by_assertion(app, again)).status_code == 200
    refused(await by_assertion(app, assertion(jti="once")), "invalid_client")


NOW = int(time.time())


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "http://elsewhere.test/oauth2/token"},
        {"aud": None},
        {"iss": "hmp-made-up"},
        {"sub": "hmp-made-up"},
        {"sub": "nobody", "iss": "nobody"},
        {"exp": NOW - 60},
        {"exp": NOW + 3600},
        {"exp": None},
        {"nbf": NOW + 3600},
        {"jti": None},
    ],
)
async def test_an_assertion_with_wrong_claims_is_refused(app: FastAPI, claims: dict[str, Any]) -> None:
    refused(await by_assertion(app, assertion(**claims)), "invalid_client")


async def test_an_assertion_signed_otherwise_is_refused(app: FastAPI) -> None:
    stranger = ECKey.generate_key("P-256", {"kid": "p256"})
    refused(await by_assertion(app, assertion(key=stranger)), "invalid_client")
    refused(await by_assertion(app, assertion("RS256", key=TRUST_KEYS["RS512"])), "invalid_client")
    refused(await by_assertion(app, assertion(key=ECKey.generate_key("P-256", {"kid": "unknown"}))), "invalid_client")
    unsigned = b".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in ({"alg": "none"}, {"sub": TRUST})
    )
    refused(await by_assertion(app, f"{unsigned.decode()}."), "invalid_client")
    refused(await by_assertion(app, "nonsense"), "invalid_client")
    refused(await by_assertion(app, assertion(), client_id="hmp-made-up"), "invalid_client")
    refused(await by_assertion(app, assertion(), client_assertion_type="other"), "invalid_client")


async def test_an_agency_without_keys_cannot_sign(app: FastAPI) -> None:
    signed = assertion(iss="hmp-made-up", sub="hmp-made-up")
    refused(await by_assertion(app, signed), "invalid_client")


async def test_discovery_names_the_endpoints_under_the_public_address(app: FastAPI) -> None:
    async with client(app) as caller:
        documents = [
            (await caller.get(f"/.well-known/{name}")).json()
            for name in ("openid-configuration", "oauth-authorization-server")
        ]
        keys = (await caller.get("/oauth2/jwks")).json()["keys"]
    assert documents[0] == documents[1]
    assert documents[0]["issuer"] == "http://issuer.test"
    assert documents[0]["token_endpoint"] == "http://issuer.test/oauth2/token"
    assert documents[0]["jwks_uri"] == "http://issuer.test/oauth2/jwks"
    assert len(keys) == 2
    assert all("d" not in key and key["use"] == "sig" for key in keys)


async def test_after_a_rotation_old_tokens_stay_good_for_one_more(app: FastAPI, settings: Settings) -> None:
    async def token() -> str:
        return str((await by_secret(app, "hmp-made-up")).json()["access_token"])

    ring = KeyRing(settings.data_dir / "issuer")
    first = await token()
    new_kid = ring.rotate()
    second = await token()
    assert kid_of(second) == new_kid != kid_of(first)
    assert await verified(app, settings, first) == await verified(app, settings, second)
    ring.rotate()
    ring.rotate()
    assert (await verified(app, settings, await token())).agency == "hmp-made-up"
    with pytest.raises(TokenRefused):
        await verified(app, settings, first)


def kid_of(token: str) -> str:
    header = token.partition(".")[0]
    return str(json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))["kid"])


def test_keys_are_for_the_owner_alone_and_outlast_a_restart(settings: Settings) -> None:
    build(settings)
    folder = settings.data_dir / "issuer"
    files = sorted(folder.iterdir())
    assert [stat.S_IMODE(file.stat().st_mode) for file in files] == [0o600, 0o600]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    before = [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]
    build(settings)
    assert [hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(folder.iterdir())] == before


def test_it_does_not_start_in_production(settings: Settings) -> None:
    production = settings.model_copy(update={"environment": Environment.PRODUCTION})
    with pytest.raises(IssuerRefused):
        build(production)
    bare = {name: value for name, value in os.environ.items() if not name.startswith("THROUGHGATE_")}
    own = {"THROUGHGATE_CURSOR_KEY": "its own", "THROUGHGATE_AUDIENCE": "urn:throughgate:elsewhere"}
    for told in ({"THROUGHGATE_ENVIRONMENT": "production"}, {}):
        command = [sys.executable, "-m", "throughgate.issuer"]
        ran = subprocess.run(command, env={**bare, **own, **told}, capture_output=True, text=True, timeout=60)
        assert ran.returncode == 1
        assert "development and test" in ran.stderr
