"""A sealed secret opens with its key and for its purpose alone."""

import base64

import pytest

from chassis.seal import SealBroken, Sealer, sealer
from chassis.settings import Environment, Settings


def test_what_was_sealed_opens_and_says_nothing_closed() -> None:
    mine = Sealer("a key")
    sealed = mine.seal("whsec_of-an-agency", purpose="webhook feed police-north")
    assert mine.open(sealed, purpose="webhook feed police-north") == "whsec_of-an-agency"
    assert b"whsec" not in base64.b64decode(sealed)
    assert sealed != mine.seal("whsec_of-an-agency", purpose="webhook feed police-north")


def test_another_key_another_purpose_or_another_bit_opens_nothing() -> None:
    sealed = Sealer("a key").seal("whsec_of-an-agency", purpose="webhook feed police-north")
    raw = bytearray(base64.b64decode(sealed))
    raw[-1] ^= 1
    for key, text, purpose in (
        ("another key", sealed, "webhook feed police-north"),
        ("a key", sealed, "webhook feed charity-newstart"),
        ("a key", base64.b64encode(raw).decode(), "webhook feed police-north"),
    ):
        with pytest.raises(SealBroken):
            Sealer(key).open(text, purpose=purpose)


def test_a_published_key_seals_nothing_in_production() -> None:
    own = {"environment": Environment.PRODUCTION, "cursor_key": "of our own", "audience": "urn:of-our-own"}
    with pytest.raises(ValueError, match="SEAL_KEY"):
        sealer(Settings(**own))  # type: ignore[arg-type]
    assert sealer(Settings(**own, seal_key="of our own"))  # type: ignore[arg-type]
