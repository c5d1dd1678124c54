"""Access tokens for tests: an issuer's key made on the spot, and the verifier that trusts it.

`create_app(…, verifier=TOKENS.verifier())` and `TOKENS.headers("hmp-northgate", "prison")`: the very checks of
production run, without a process or a network. Faulty tokens are made by giving other claims, header or key.
"""

import time
from collections.abc import Iterable
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, Key

from chassis.ids import new_id
from chassis.tokens import Keys, Verifier
from contracts.codes import AgencyKind, Scope
from throughgate.issuer.registry import Client

ISSUER = "http://issuer.test"
AUDIENCE = "urn:throughgate:test"
LIFETIME_S = 7200
"""Longer than the suites run on a slow machine: some tokens are made when their tests are collected."""


class TokenMaker:
    """An issuer with one signing key; `rotate` gives it another and withdraws the first."""

    def __init__(self, *, issuer: str = ISSUER, audience: str = AUDIENCE) -> None:
        self.issuer = issuer
        self.audience = audience
        self.fetches = 0
        self.rotate()

    def rotate(self) -> None:
        self.key = ECKey.generate_key("P-256", {"kid": new_id()})

    async def published(self) -> Any:
        """The key set, as the issuer would answer it."""
        self.fetches += 1
        return {"keys": [self.key.as_dict(private=False)]}

    def verifier(self) -> Verifier:
        return Verifier(issuer=self.issuer, audience=self.audience, keys=Keys(self.published))

    def claims(
        self,
        agency: str,
        kind: AgencyKind | str,
        *,
        scopes: Iterable[Scope | str] | None = None,
        member: str | None = None,
        **other: Any,
    ) -> dict[str, Any]:
        """Good claims, by default with every scope of the kind; `other` replaces claims, None removes one."""
        granted = Client(agency, AgencyKind(kind)).scopes if scopes is None else scopes
        at = int(time.time())
        made = {
            "iss": self.issuer,
            "aud": self.audience,
            "sub": agency,
            "client_id": agency,
            "iat": at,
            "nbf": at,
            "exp": at + LIFETIME_S,
            "jti": new_id(),
            "scope": " ".join(sorted(granted)),
            "agency": agency,
            "agency_kind": str(kind),
            "act": {"sub": member} if member else None,
            **other,
        }
        return {name: value for name, value in made.items() if value is not None}

    def sign(
        self, claims: dict[str, Any], *, key: Key | None = None, alg: str = "ES256", typ: str = "at+jwt", **header: Any
    ) -> str:
        used = key or self.key
        full = {"alg": alg, "typ": typ, "kid": used.kid, **header}
        return jwt.encode({k: v for k, v in full.items() if v is not None}, claims, used, algorithms=[alg])

    def token(self, agency: str, kind: AgencyKind | str, **claims: Any) -> str:
        return self.sign(self.claims(agency, kind, **claims))

    def headers(self, agency: str, kind: AgencyKind | str, **claims: Any) -> dict[str, str]:
        """The Authorization header of an agency's call."""
        return {"authorization": f"Bearer {self.token(agency, kind, **claims)}"}


TOKENS = TokenMaker()
"""Good for tests that do not care which issuer it is."""
