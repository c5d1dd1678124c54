"""A client proves itself by its secret (RFC 6749 §2.3.1) or by an assertion signed with its own key (RFC 7523).

An assertion is good once, for this issuer, and for five minutes at most.
"""

import base64
import binascii
import hmac
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_plus

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.util import to_bytes

from chassis.http_client import fetch_json
from chassis.problems import Unavailable
from chassis.tokens import Keys, TokenRefused
from throughgate.issuer.registry import Client

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_ALGORITHMS = ("RS512", "ES256", "ES384")
ASSERTION_SECONDS = 300
LEEWAY_SECONDS = 5


class OAuthError(Exception):
    """A refusal in OAuth's own words (RFC 6749 §5.2)."""

    def __init__(self, error: str, description: str, *, status: int = 400) -> None:
        super().__init__(description)
        self.error = error
        self.status = status


def invalid_client(why: str) -> OAuthError:
    return OAuthError("invalid_client", why, status=401)


class Clients:
    """Authenticates clients; remembers the assertions it has seen for as long as they would be good.

    What an issuer before this one saw, which ended by `since`, it cannot know: what that one may have taken is refused.
    """

    def __init__(self, clients: Mapping[str, Client], *, audiences: frozenset[str], since: int = 0) -> None:
        self._since = since
        self._clients = clients
        self._audiences = audiences
        self._keys: dict[str, Keys] = {}
        self._seen: dict[tuple[str, str], int] = {}

    async def authenticate(self, form: Mapping[str, str], authorization: str | None, *, at: int) -> Client:
        """The client that a token request proves itself to be, as at the Unix time `at`. Raises OAuthError."""
        ways = [bool(authorization), "client_secret" in form, "client_assertion" in form]
        if ways.count(True) != 1:
            raise invalid_client("one way of proving the client is needed, and one only")
        if authorization:
            return self._by_secret(*_basic(authorization))
        if "client_secret" in form:
            return self._by_secret(form.get("client_id", ""), form["client_secret"])
        return await self._by_assertion(form, at=at)

    def _by_secret(self, client_id: str, secret: str) -> Client:
        client = self._clients.get(client_id)
        expected = client.secret if client else ""
        if not hmac.compare_digest(secret.encode(), expected.encode()) or client is None:
            raise invalid_client("client or secret is not known")
        return client

    async def _by_assertion(self, form: Mapping[str, str], *, at: int) -> Client:
        if form.get("client_assertion_type") != ASSERTION_TYPE:
            raise invalid_client("client_assertion_type is not known")
        assertion = form["client_assertion"]
        header, unproven = _unproven(assertion)
        client = self._clients.get(str(unproven.get("sub")))
        if client is None or form.get("client_id", client.id) != client.id:
            raise invalid_client("client is not known")
        if header.get("alg") not in ASSERTION_ALGORITHMS:
            raise invalid_client("assertion is signed with an algorithm that is not accepted")
        claims = await self._proven(client, assertion, header, at=at)
        self._ensure_first_use(client, claims, at=at)
        return client

    async def _proven(self, client: Client, assertion: str, header: Mapping[str, Any], *, at: int) -> Mapping[str, Any]:
        registry = jwt.JWTClaimsRegistry(
            now=at,
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": client.id},
            sub={"essential": True, "value": client.id},
            aud={"essential": True, "values": sorted(self._audiences)},
            exp={"essential": True},
            iat={"essential": True},
            jti={"essential": True},
        )
        try:
            key = await self._keys_of(client).get(str(header.get("kid")))
            claims = jwt.decode(assertion, key, algorithms=ASSERTION_ALGORITHMS).claims
            registry.validate(claims)
        except (JoseError, TokenRefused, Unavailable) as error:
            raise invalid_client("assertion proves nothing here") from error
        if claims["exp"] - at > ASSERTION_SECONDS + LEEWAY_SECONDS:
            raise invalid_client("assertion is good for more than five minutes")
        if claims["iat"] <= self._since + LEEWAY_SECONDS:
            raise invalid_client("assertion may have been used before this issuer began; sign another in a moment")
        return claims

    def _ensure_first_use(self, client: Client, claims: Mapping[str, Any], *, at: int) -> None:
        self._seen = {use: until for use, until in self._seen.items() if until >= at}
        use = (client.id, claims["jti"])
        if use in self._seen:
            raise invalid_client("assertion was used before")
        self._seen[use] = int(claims["exp"]) + LEEWAY_SECONDS

    def _keys_of(self, client: Client) -> Keys:
        if client.jwks_uri is None and client.jwks_file is None:
            raise invalid_client("client has no registered keys")
        if client.id not in self._keys:
            self._keys[client.id] = Keys(lambda: _published(client))
        return self._keys[client.id]


async def _published(client: Client) -> Any:
    if client.jwks_file is not None:
        return json.loads(client.jwks_file.read_text("utf-8"))
    return await fetch_json(str(client.jwks_uri))


def _basic(authorization: str) -> tuple[str, str]:
    scheme, _, encoded = authorization.partition(" ")
    try:
        decoded = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise invalid_client("Authorization cannot be read") from error
    if scheme.lower() != "basic" or ":" not in decoded:
        raise invalid_client("Authorization cannot be read")
    client_id, _, secret = decoded.partition(":")
    return unquote_plus(client_id), unquote_plus(secret)


def _unproven(assertion: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    try:
        found = jws.extract_compact(to_bytes(assertion))
        claims = json.loads(found.payload or b"")
    except (JoseError, ValueError) as error:
        raise invalid_client("assertion cannot be read") from error
    if not isinstance(claims, dict):
        raise invalid_client("assertion cannot be read")
    return found.headers(), claims
