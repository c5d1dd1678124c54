"""Tokens that prove nothing, made with all that a thief could have and, where it takes that, with the issuer's own key.

A fault is made for one agency of one kind; what must answer it is its status and its code.
"""

import base64
import hmac
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joserfc.jwk import ECKey

from contracts.codes import AgencyKind
from tests.support.tokens import TokenMaker


@dataclass(frozen=True, slots=True)
class Forger:
    """Makes tokens as the issuer of a stack would (`good`), and wrong ones; `old` is a key that was rotated away."""

    good: TokenMaker
    old: ECKey

    @classmethod
    def of(cls, *, url: str, audience: str, folder: Path, old: ECKey) -> "Forger":
        """Over the signing keys in the issuer's own folder."""
        maker = TokenMaker(issuer=url, audience=audience)
        maker.key = issuer_key(folder)
        return cls(maker, old)

    def claims(self, agency: str, kind: AgencyKind, **other: Any) -> dict[str, Any]:
        return self.good.claims(agency, kind, **other)


def issuer_key(folder: Path) -> ECKey:
    """The key that the issuer signs with now."""
    return ECKey.import_key(json.loads(sorted(folder.glob("*.json"))[-1].read_text(encoding="utf-8")))


def part(value: Mapping[str, Any] | bytes) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def altered(token: str, **claims: Any) -> str:
    """The token with other claims and the signature it had."""
    header, payload, signature = token.split(".")
    before = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return f"{header}.{part({**before, **claims})}.{signature}"


Make = Callable[[Forger, str, AgencyKind], str | None]


@dataclass(frozen=True, slots=True)
class Fault:
    """How to make the token (None: there is none), and what has to answer it."""

    make: Make
    status: int = 401
    code: str = "invalid-token"


def with_claims(**claims: Any) -> Make:
    """Signed by the issuer itself, over these claims."""
    return lambda forger, agency, kind: forger.good.sign({**forger.claims(agency, kind), **claims})


def _unsigned(forger: Forger, agency: str, kind: AgencyKind) -> str:
    header = {"alg": "none", "typ": "at+jwt", "kid": forger.good.key.kid}
    return f"{part(header)}.{part(forger.claims(agency, kind))}."


def _public_key_as_secret(forger: Forger, agency: str, kind: AgencyKind) -> str:
    header = {"alg": "HS256", "typ": "at+jwt", "kid": forger.good.key.kid}
    signed = f"{part(header)}.{part(forger.claims(agency, kind))}"
    return f"{signed}.{part(hmac.new(forger.good.key.as_pem(private=False), signed.encode(), 'sha256').digest())}"


def _same_name_other_key(forger: Forger, agency: str, kind: AgencyKind) -> str:
    return forger.good.sign(
        forger.claims(agency, kind), key=ECKey.generate_key("P-256", {"kid": str(forger.good.key.kid)})
    )


def _brings_its_own_key(forger: Forger, agency: str, kind: AgencyKind) -> str:
    own = ECKey.generate_key("P-256", {"kid": "brought-along"})
    return forger.good.sign(forger.claims(agency, kind), key=own, jwk=own.as_dict(private=False))


def _rotated_away(forger: Forger, agency: str, kind: AgencyKind) -> str:
    return forger.good.sign(forger.claims(agency, kind), key=forger.old)


def _act_put_in(forger: Forger, agency: str, kind: AgencyKind) -> str:
    return altered(forger.good.token(agency, kind), act={"sub": "the.governor"})


def _another_agency_put_in(forger: Forger, agency: str, kind: AgencyKind) -> str:
    return altered(forger.good.token("benefits-north", AgencyKind.BENEFITS), agency=agency, agency_kind=kind)


def _of_another_kind(forger: Forger, _agency: str, kind: AgencyKind) -> str:
    if kind is AgencyKind.COURT:
        return forger.good.token("benefits-north", AgencyKind.BENEFITS)
    return forger.good.token("court-northtown", AgencyKind.COURT)


def _operator(forger: Forger, _agency: str, _kind: AgencyKind) -> str:
    return forger.good.token("operator", AgencyKind.OPERATOR)


NOW = int(time.time())
FAULTS: dict[str, Fault] = {
    "none": Fault(lambda *_: None, code="unauthorized"),
    "expired": Fault(with_claims(exp=NOW - 60)),
    "not yet valid": Fault(with_claims(nbf=NOW + 7200)),
    "another issuer": Fault(with_claims(iss="http://elsewhere.test")),
    "another audience": Fault(with_claims(aud="urn:throughgate:elsewhere")),
    "unsigned": Fault(_unsigned),
    "the public key as a secret": Fault(_public_key_as_secret),
    "a stranger's key under the issuer's name": Fault(_same_name_other_key),
    "a key that it brings along": Fault(_brings_its_own_key),
    "a key that was rotated away": Fault(_rotated_away),
    "a member of staff put in": Fault(_act_put_in),
    "another agency put in": Fault(_another_agency_put_in),
    "a member of staff in another form": Fault(with_claims(act={"sub": ""})),
    "another kind": Fault(_of_another_kind, 403, "wrong-gateway"),
    "an operator": Fault(_operator, 403, "wrong-gateway"),
}
