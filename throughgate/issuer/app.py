"""The issuer's HTTP side: token endpoint, key set, and discovery (RFC 6749, 7517, 8414)."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse, Response
from joserfc import jwt

from chassis import clock
from chassis.http import create_app
from chassis.ids import new_id
from chassis.settings import Settings
from contracts.codes import Scope
from throughgate.issuer.clients import ASSERTION_ALGORITHMS, Clients, OAuthError
from throughgate.issuer.keyring import ALGORITHM, KeyRing
from throughgate.issuer.registry import Client, load_clients

DEFAULT_SECONDS = 900
LONGEST_SECONDS = 86_400


class IssuerRefused(Exception):
    """The development issuer runs in development and test, and nowhere else."""


def build(settings: Settings) -> FastAPI:
    """The issuer's application, its keys in `settings.data_dir`/issuer. Raises IssuerRefused outside development."""
    if not settings.is_local:
        raise IssuerRefused(str(IssuerRefused.__doc__))
    folder = settings.data_dir / "issuer"
    since = int(clock.now().timestamp()) if folder.exists() else 0
    ring = KeyRing(folder)
    clients = Clients(
        load_clients(settings.deploy_dir / "agencies"),
        audiences=frozenset({settings.issuer, f"{settings.issuer}/oauth2/token"}),
        since=since,
    )
    app = create_app(
        settings, [_router(settings, ring, clients)], database=None, title="Throughgate development issuer"
    )
    app.add_exception_handler(OAuthError, _on_oauth_error)
    return app


def access_token(
    client: Client,
    *,
    settings: Settings,
    ring: KeyRing,
    scopes: Iterable[Scope],
    user: str | None,
    seconds: int,
    at: int,
) -> str:
    """A signed access token (RFC 9068) for the client's agency; `user` becomes the member in `act` (RFC 8693)."""
    key = ring.signing
    claims: dict[str, Any] = {
        "iss": settings.issuer,
        "aud": settings.audience,
        "sub": client.id,
        "client_id": client.id,
        "iat": at,
        "nbf": at,
        "exp": at + seconds,
        "jti": new_id(),
        "scope": " ".join(sorted(scopes)),
        "agency": client.id,
        "agency_kind": client.kind.value,
    }
    if user:
        claims["act"] = {"sub": user}
    return jwt.encode({"alg": ALGORITHM, "typ": "at+jwt", "kid": key.kid}, claims, key, algorithms=[ALGORITHM])


def _router(settings: Settings, ring: KeyRing, clients: Clients) -> APIRouter:
    router = APIRouter()

    @router.post("/oauth2/token")
    async def token(request: Request) -> Response:
        form = await _form(request)
        if form.get("grant_type") != "client_credentials":
            raise OAuthError("unsupported_grant_type", "grant_type is client_credentials")
        at = int(clock.now().timestamp())
        client = await clients.authenticate(form, request.headers.get("authorization"), at=at)
        scopes = _granted(client, form.get("scope"))
        seconds = _seconds(form.get("ttl"))
        made = access_token(
            client, settings=settings, ring=ring, scopes=scopes, user=form.get("user"), seconds=seconds, at=at
        )
        body = {"access_token": made, "token_type": "Bearer", "expires_in": seconds, "scope": " ".join(sorted(scopes))}
        return JSONResponse(body, headers={"Cache-Control": "no-store", "Pragma": "no-cache"})

    @router.get("/oauth2/jwks")
    async def jwks() -> dict[str, Any]:
        return ring.public()

    @router.get("/.well-known/openid-configuration")
    @router.get("/.well-known/oauth-authorization-server")
    async def discovery() -> dict[str, Any]:
        return {
            "issuer": settings.issuer,
            "token_endpoint": f"{settings.issuer}/oauth2/token",
            "jwks_uri": f"{settings.issuer}/oauth2/jwks",
            "scopes_supported": [scope.value for scope in Scope],
            "response_types_supported": [],
            "grant_types_supported": ["client_credentials"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [ALGORITHM],
            "token_endpoint_auth_methods_supported": ["private_key_jwt", "client_secret_basic", "client_secret_post"],
            "token_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
        }

    return router


async def _form(request: Request) -> dict[str, str]:
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/x-www-form-urlencoded":
        raise OAuthError("invalid_request", "the body is application/x-www-form-urlencoded")
    try:
        pairs = parse_qsl((await request.body()).decode(), keep_blank_values=True, max_num_fields=20)
    except ValueError as error:
        raise OAuthError("invalid_request", "the form cannot be read") from error
    if len({name for name, _ in pairs}) < len(pairs):
        raise OAuthError("invalid_request", "a parameter is given twice")
    return dict(pairs)


def _granted(client: Client, wanted: str | None) -> frozenset[Scope]:
    if not wanted:
        return client.scopes
    asked = set(wanted.split())
    if not asked <= {scope.value for scope in client.scopes}:
        raise OAuthError("invalid_scope", "this client may not have all of these scopes")
    return frozenset(Scope(scope) for scope in asked)


def _seconds(ttl: str | None) -> int:
    if ttl is None:
        return DEFAULT_SECONDS
    if not (ttl.isascii() and ttl.isdigit() and 1 <= int(ttl) <= LONGEST_SECONDS):
        raise OAuthError("invalid_request", f"ttl is 1 to {LONGEST_SECONDS} seconds")
    return int(ttl)


def _on_oauth_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, OAuthError)
    headers = {"Cache-Control": "no-store"}
    if error.status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="throughgate"'
    return JSONResponse({"error": error.error, "error_description": str(error)}, error.status, headers)
