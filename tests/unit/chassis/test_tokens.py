"""Every way in which an access token can be wrong is refused with 401 and a challenge."""

import base64
import hmac
import json
import time
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from joserfc.jwk import ECKey, RSAKey

from chassis.auth import ActorDep, ensure_kind, ensure_member, require
from chassis.http import create_app
from chassis.problems import Unavailable
from chassis.settings import Environment, Settings
from chassis.tokens import Keys, TokenRefused, Verifier
from contracts.codes import AgencyKind, Scope
from tests.support.http import client, problem
from tests.support.tokens import TokenMaker

SETTINGS = Settings(environment=Environment.TEST, service="tokens")


def application(issuer: TokenMaker) -> FastAPI:
    router = APIRouter(prefix="/v1")

    @router.get("/me")
    async def me(actor: ActorDep) -> dict[str, Any]:
        return {"agency": actor.agency, "kind": actor.kind, "scopes": sorted(actor.scopes), "member": actor.member}

    @router.get("/push", dependencies=[require(Scope.PUSH)])
    async def push() -> None: ...

    @router.get("/member")
    async def member(actor: ActorDep) -> str:
        return ensure_member(actor)

    @router.get("/police-only")
    async def police_only(actor: ActorDep) -> None:
        ensure_kind(actor, AgencyKind.POLICE)

    return create_app(SETTINGS, [router], database=None, title="tokens", verifier=issuer.verifier())


@pytest.fixture
def issuer() -> TokenMaker:
    return TokenMaker()


async def get(issuer: TokenMaker, path: str, token: str | None) -> Any:
    async with client(application(issuer)) as caller:
        return await caller.get(f"/v1{path}", headers={"authorization": f"Bearer {token}"} if token is not None else {})


async def test_a_good_token_names_the_agency_its_kind_scopes_and_member(issuer: TokenMaker) -> None:
    token = issuer.token("hmp-northgate", "prison", scopes=["read", "push", "a-later-scope"], member="d.whitlock")
    answer = await get(issuer, "/me", token)
    assert answer.json() == {
        "agency": "hmp-northgate",
        "kind": "prison",
        "scopes": ["push", "read"],
        "member": "d.whitlock",
    }


async def test_no_token_is_challenged_without_an_error_code(issuer: TokenMaker) -> None:
    answer = await get(issuer, "/me", None)
    problem(answer, 401, "unauthorized")
    assert answer.headers["www-authenticate"] == 'Bearer realm="throughgate"'


@pytest.mark.parametrize("header", ["Basic aDpi", "Bearer", "Bearer  ", "Token x"])
async def test_another_way_of_authorizing_is_no_token(issuer: TokenMaker, header: str) -> None:
    async with client(application(issuer)) as caller:
        problem(await caller.get("/v1/me", headers={"authorization": header}), 401, "unauthorized")


NOW = int(time.time())
WRONG_CLAIMS: dict[str, tuple[dict[str, Any], str]] = {
    "expired": ({"exp": NOW - 60}, "token has expired"),
    "not yet valid": ({"nbf": NOW + 3600}, "token is not valid yet"),
    "issued in the future": ({"iat": NOW + 3600}, "token is from the future"),
    "another issuer": ({"iss": "http://elsewhere.test"}, "token is from another issuer"),
    "another audience": ({"aud": "urn:throughgate:elsewhere"}, "token is for another audience"),
    "audiences without this one": ({"aud": ["urn:a", "urn:b"]}, "token is for another audience"),
    "no expiry": ({"exp": None}, "token is not valid"),
    "no audience": ({"aud": None}, "token is for another audience"),
    "no subject": ({"sub": None}, "token is not valid"),
    "no client": ({"client_id": None}, "token is not valid"),
    "no id": ({"jti": None}, "token is not valid"),
    "no agency": ({"agency": None}, "token does not say which agency it is for"),
    "agency not text": ({"agency": 7}, "token does not say which agency it is for"),
    "unknown kind": ({"agency_kind": "bakery"}, "token does not say which agency it is for"),
    "kind not text": ({"agency_kind": ["prison"]}, "token does not say which agency it is for"),
    "act not an object": ({"act": "someone"}, "token names its member of staff in another form"),
}


@pytest.mark.parametrize("fault", WRONG_CLAIMS)
async def test_wrong_claims_are_refused(issuer: TokenMaker, fault: str) -> None:
    claims, why = WRONG_CLAIMS[fault]
    answer = await get(issuer, "/me", issuer.sign(replaced(issuer, claims)))
    problem(answer, 401, "invalid-token")
    challenge = answer.headers["www-authenticate"]
    assert challenge == f'Bearer realm="throughgate", error="invalid_token", error_description="{why}"'


def replaced(issuer: TokenMaker, claims: dict[str, Any]) -> dict[str, Any]:
    made = {**issuer.claims("hmp-northgate", "prison"), **claims}
    return {name: value for name, value in made.items() if value is not None}


async def test_one_audience_among_several_is_enough(issuer: TokenMaker) -> None:
    answer = await get(issuer, "/me", issuer.token("hmp-northgate", "prison", aud=["urn:other", issuer.audience]))
    assert answer.status_code == 200


async def test_a_token_of_another_type_is_refused(issuer: TokenMaker) -> None:
    claims = issuer.claims("hmp-northgate", "prison")
    for typ in ("JWT", "id+jwt", ""):
        problem(await get(issuer, "/me", issuer.sign(claims, typ=typ)), 401, "invalid-token")


def part(value: dict[str, Any] | bytes) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


async def test_an_unsigned_token_is_refused(issuer: TokenMaker) -> None:
    header = {"alg": "none", "typ": "at+jwt", "kid": issuer.key.kid}
    claims = issuer.claims("hmp-northgate", "prison")
    problem(await get(issuer, "/me", f"{part(header)}.{part(claims)}."), 401, "invalid-token")


async def test_a_public_key_never_serves_as_a_shared_secret(issuer: TokenMaker) -> None:
    header = {"alg": "HS256", "typ": "at+jwt", "kid": issuer.key.kid}
    signed = f"{part(header)}.{part(issuer.claims('hmp-northgate', 'prison'))}"
    signature = hmac.new(issuer.key.as_pem(private=False), signed.encode(), "sha256").digest()
    problem(await get(issuer, "/me", f"{signed}.{part(signature)}"), 401, "invalid-token")


async def test_a_key_of_another_kind_than_the_algorithm_is_refused(issuer: TokenMaker) -> None:
    rsa = RSAKey.generate_key(2048, {"kid": str(issuer.key.kid)})
    forged = issuer.sign(issuer.claims("hmp-northgate", "prison"), key=rsa, alg="RS512")
    problem(await get(issuer, "/me", forged), 401, "invalid-token")


async def test_a_signature_by_another_key_of_the_same_name_is_refused(issuer: TokenMaker) -> None:
    other = ECKey.generate_key("P-256", {"kid": str(issuer.key.kid)})
    forged = issuer.sign(issuer.claims("hmp-northgate", "prison"), key=other)
    problem(await get(issuer, "/me", forged), 401, "invalid-token")


@pytest.mark.parametrize("text", ["x", "a.b.c", "....", "é.é.é", "e30.e30.e30"])
async def test_what_is_no_token_is_refused(issuer: TokenMaker, text: str) -> None:
    async with client(application(issuer)) as caller:
        header = f"Bearer {text}".encode()
        problem(await caller.get("/v1/me", headers=[(b"authorization", header)]), 401, "invalid-token")


async def test_a_rotated_key_is_fetched_and_the_old_one_no_longer_good(issuer: TokenMaker) -> None:
    app = application(issuer)
    before = issuer.headers("hmp-northgate", "prison")
    async with client(app) as caller:
        assert (await caller.get("/v1/me", headers=before)).status_code == 200
        issuer.rotate()
        after = issuer.headers("hmp-northgate", "prison")
        assert (await caller.get("/v1/me", headers=after)).status_code == 200
        assert (await caller.get("/v1/me", headers=after)).status_code == 200
        assert issuer.fetches == 2
        problem(await caller.get("/v1/me", headers=before), 401, "invalid-token")


async def test_keys_of_other_uses_and_kinds_are_passed_over(issuer: TokenMaker) -> None:
    good = issuer.key.as_dict(private=False)
    others: list[dict[str, Any]] = [
        {**good, "kid": "for-encryption", "use": "enc"},
        {"kty": "oct", "kid": "shared", "k": "c2VjcmV0"},
        {"kty": "later", "kid": "unknown-kind"},
        {"kty": "EC", "kid": "broken", "crv": "P-256", "x": "AA"},
        {**good, "kid": None},
    ]

    async def fetch() -> Any:
        return {"keys": [*others, good]}

    keys = Keys(fetch)
    assert (await keys.get(str(good["kid"]))).kid == good["kid"]
    for kid in ("for-encryption", "shared", "unknown-kind", "broken"):
        with pytest.raises(TokenRefused):
            await keys.get(kid)


@pytest.mark.parametrize("answer", [None, [], {}, {"keys": 1}, {"keys": ["x"]}])
async def test_what_is_no_key_set_is_an_issuer_that_cannot_be_read(answer: object) -> None:
    async def fetch() -> Any:
        return answer

    with pytest.raises(Unavailable):
        await Keys(fetch).get("k")


@pytest.mark.parametrize("header", [{"crit": 5}, {"crit": ["b64"]}, {"b64": False, "crit": ["b64"]}])
async def test_a_token_that_asks_for_what_is_not_understood_is_refused(issuer: TokenMaker, header: Any) -> None:
    head, payload, signature = issuer.token("hmp-northgate", "prison", scopes=["read"]).split(".")
    said = json.loads(base64.urlsafe_b64decode(head + "==")) | header
    altered = base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=").decode()
    async with client(application(issuer)) as caller:
        answer = await caller.get("/v1/me", headers={"authorization": f"Bearer {altered}.{payload}.{signature}"})
    problem(answer, 401, "invalid-token")


async def test_keys_that_cannot_be_had_answer_503_and_not_401(issuer: TokenMaker) -> None:
    app = application(issuer)
    app.state.verifier = Verifier.fetching(
        issuer=issuer.issuer, audience=issuer.audience, jwks_url="http://127.0.0.1:9/oauth2/jwks"
    )
    async with client(app) as caller:
        answer = await caller.get("/v1/me", headers=issuer.headers("hmp-northgate", "prison"))
    problem(answer, 503, "issuer-unavailable")
    assert answer.headers["retry-after"]


async def test_a_missing_scope_is_403_and_names_the_scope(issuer: TokenMaker) -> None:
    answer = await get(issuer, "/push", issuer.token("police-north", "police"))
    problem(answer, 403, "insufficient-scope")
    assert 'scope="push"' in answer.headers["www-authenticate"]
    assert (await get(issuer, "/push", issuer.token("hmp-northgate", "prison"))).status_code == 200


async def test_a_call_that_needs_a_member_refuses_a_system(issuer: TokenMaker) -> None:
    problem(await get(issuer, "/member", issuer.token("police-north", "police")), 403, "member-required")
    answer = await get(issuer, "/member", issuer.token("police-north", "police", member="p.c"))
    assert answer.json() == "p.c"


async def test_another_kinds_gateway_is_403(issuer: TokenMaker) -> None:
    problem(await get(issuer, "/police-only", issuer.token("hmp-northgate", "prison")), 403, "wrong-gateway")


async def test_no_refusal_repeats_the_token(issuer: TokenMaker) -> None:
    token = issuer.token("hmp-northgate", "prison", iss="http://elsewhere.test")
    answer = await get(issuer, "/me", token)
    said = answer.text + str(answer.headers)
    assert token not in said
    assert "elsewhere" not in said
