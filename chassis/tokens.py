"""Access tokens are RFC 9068 JWTs of one issuer for one audience, signed with a listed asymmetric algorithm.

The issuer's keys are fetched when first needed, kept, and fetched again when a token names a key that is not among
them; keys already known go on working while the issuer cannot be reached, and who brings an unknown one waits for an
issuer that hangs once and not in a row. `none` and every HMAC algorithm are refused
before any key is looked at, so a public key can never serve as a shared secret.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jwk import Key, import_key
from joserfc.util import to_bytes

from chassis.http_client import UpstreamUnavailable, fetch_json
from chassis.problems import Unavailable

ALGORITHMS = ("RS256", "RS512", "ES256", "ES384")
TOKEN_TYPES = frozenset({"at+jwt", "application/at+jwt"})
LEEWAY_SECONDS = 5
KEEP_SECONDS = 300.0
FRUITLESS_SECONDS = 5.0
"""After a fetch that failed or did not bring the key asked for, the next one waits so long: invented key ids cost
little, whether the issuer answers or not."""

_KEY_TYPES = frozenset({"RSA", "EC"})

FetchKeys = Callable[[], Awaitable[Any]]


class TokenRefused(Exception):
    """The token proves nothing here. The text names the check that failed and quotes nothing of the token."""


class IssuerUnavailable(Unavailable):
    """Whether the issuer has this key is not known, for it did not answer."""

    def __init__(self) -> None:
        detail, pause = "The token issuer's keys cannot be read.", int(FRUITLESS_SECONDS)
        super().__init__(detail, code="issuer-unavailable", retry_after=pause)


class Keys:
    """An issuer's published keys, cached."""

    def __init__(self, fetch: FetchKeys, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._monotonic = monotonic
        self._by_id: dict[str, Key] = {}
        self._fetched_at = float("-inf")
        self._fruitless_at = float("-inf")
        self._failed_at = float("-inf")
        self._lock = asyncio.Lock()

    async def get(self, kid: str) -> Key:
        """The key named `kid`. Raises TokenRefused if the issuer has none, IssuerUnavailable if it could not be asked.

        While one asks again an issuer that did not answer before, nobody waits for that.
        """
        found = self._by_id.get(kid)
        if found is not None and (self._lock.locked() or not self._is_due()):
            return found
        if found is None and self._lock.locked() and self._failed_at > self._fetched_at:
            raise IssuerUnavailable
        async with self._lock:
            await self._refresh(kid)
        if kid not in self._by_id:
            raise TokenRefused("signing key is not known")
        return self._by_id[kid]

    def _is_due(self) -> bool:
        """Whether known keys are asked for again: they are old, and the issuer has not just failed to answer."""
        return self._monotonic() - self._fetched_at >= KEEP_SECONDS and not self._has_just_failed()

    def _has_just_failed(self) -> bool:
        return self._monotonic() - self._failed_at < FRUITLESS_SECONDS

    async def _refresh(self, kid: str) -> None:
        present = self._monotonic()
        is_known = kid in self._by_id
        if is_known and not self._is_due():
            return
        if not is_known and present - self._fruitless_at < FRUITLESS_SECONDS:
            return
        if not is_known and self._has_just_failed():
            raise IssuerUnavailable
        try:
            published = _usable(await self._fetch())
        except (UpstreamUnavailable, AttributeError, KeyError, TypeError, ValueError) as error:
            self._failed_at = self._monotonic()
            if is_known:
                return
            raise IssuerUnavailable from error
        self._by_id = published
        self._fetched_at = present
        if kid not in self._by_id:
            self._fruitless_at = present


def _usable(published: Any) -> dict[str, Key]:
    """The keys of a key set by id; those for other uses or of kinds that are not known here are passed over."""
    found: dict[str, Key] = {}
    for entry in published["keys"]:
        if entry.get("kty") in _KEY_TYPES and entry.get("use", "sig") == "sig" and isinstance(entry.get("kid"), str):
            with suppress(JoseError, KeyError, ValueError):
                found[entry["kid"]] = import_key(entry)
    return found


class Verifier:
    """Turns the text of an access token into its claims, or refuses it."""

    def __init__(self, *, issuer: str, audience: str, keys: Keys) -> None:
        self._keys = keys
        self._claims = {
            "iss": {"essential": True, "value": issuer},
            "aud": {"essential": True, "value": audience},
            "exp": {"essential": True},
            "iat": {"essential": True},
            "sub": {"essential": True},
            "client_id": {"essential": True},
            "jti": {"essential": True},
        }

    @classmethod
    def fetching(cls, *, issuer: str, audience: str, jwks_url: str) -> "Verifier":
        """A verifier that fetches the issuer's keys over HTTP."""

        async def fetch() -> Any:
            return await fetch_json(jwks_url)

        return cls(issuer=issuer, audience=audience, keys=Keys(fetch))

    async def claims(self, token: str, *, at: int | None = None) -> Mapping[str, Any]:
        """The claims of a token that passes every check, as at the Unix time `at` (by default now).

        Raises TokenRefused, or IssuerUnavailable.
        """
        header = _header(token)
        key = await self._keys.get(str(header["kid"]))
        try:
            claims = jwt.decode(token, key, algorithms=ALGORITHMS).claims
            registry = jwt.JWTClaimsRegistry(now=at, leeway=LEEWAY_SECONDS, **self._claims)  # type: ignore[arg-type]
            registry.validate(claims)
        except ExpiredTokenError as error:
            raise TokenRefused("token has expired") from error
        except (TypeError, RecursionError) as error:
            raise TokenRefused("token cannot be read") from error
        except JoseError as error:
            raise TokenRefused(_WHY.get(getattr(error, "claim", ""), "token is not valid")) from error
        return claims


_WHY = {
    "iss": "token is from another issuer",
    "aud": "token is for another audience",
    "nbf": "token is not valid yet",
    "iat": "token is from the future",
}


def _header(token: str) -> Mapping[str, Any]:
    try:
        header = jws.extract_compact(to_bytes(token)).headers()
    except (JoseError, ValueError, RecursionError) as error:
        raise TokenRefused("token cannot be read") from error
    if "crit" in header:
        raise TokenRefused("token asks for what is not understood here")
    if header.get("alg") not in ALGORITHMS:
        raise TokenRefused("token is signed with an algorithm that is not accepted")
    if str(header.get("typ", "")).lower() not in TOKEN_TYPES:
        raise TokenRefused("token is not an access token")
    if not isinstance(header.get("kid"), str):
        raise TokenRefused("token names no signing key")
    return header
