"""An issuer that begins again takes no assertion that the one before it may have taken."""

import json
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from contracts.codes import AgencyKind
from throughgate.issuer.clients import ASSERTION_TYPE, LEEWAY_SECONDS, Clients, OAuthError
from throughgate.issuer.registry import Client

AUDIENCE = "http://issuer.test"
TRUST = "mht-made-up"
KEY = ECKey.generate_key("P-256", {"kid": "p256"})
DIED = 1_900_000_000
"""The second in which one issuer ended and the next began."""


def issuer(tmp_path: Path, *, since: int) -> Clients:
    file = tmp_path / "keys.json"
    file.write_text(json.dumps(KeySet([KEY]).as_dict(private=False)))
    client = Client(TRUST, AgencyKind.MENTAL_HEALTH, jwks_file=file)
    return Clients({TRUST: client}, audiences=frozenset({AUDIENCE}), since=since)


def issued(at: int) -> dict[str, str]:
    claims = {"iss": TRUST, "sub": TRUST, "aud": AUDIENCE, "iat": at, "exp": at + 120, "jti": f"of {at}"}
    signed = jwt.encode({"alg": "ES256", "kid": KEY.kid}, claims, KEY, algorithms=["ES256"])
    return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": signed}


@pytest.mark.parametrize("ahead", range(LEEWAY_SECONDS + 1))
async def test_what_one_took_in_the_second_of_its_death_the_next_refuses(tmp_path: Path, ahead: int) -> None:
    """Of a client, too, whose clock is ahead."""
    form = issued(DIED + ahead)
    before, after = issuer(tmp_path, since=0), issuer(tmp_path, since=DIED)
    assert (await before.authenticate(form, None, at=DIED)).id == TRUST
    for at in (DIED, DIED + ahead, DIED + LEEWAY_SECONDS + 1):
        with pytest.raises(OAuthError, match="before this issuer began"):
            await after.authenticate(form, None, at=at)


async def test_what_the_one_before_could_not_take_is_good(tmp_path: Path) -> None:
    form = issued(DIED + LEEWAY_SECONDS + 1)
    with pytest.raises(OAuthError, match="proves nothing here"):
        await issuer(tmp_path, since=0).authenticate(form, None, at=DIED)
    after = issuer(tmp_path, since=DIED)
    assert (await after.authenticate(form, None, at=DIED + LEEWAY_SECONDS + 1)).id == TRUST
