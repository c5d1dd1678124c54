"""A signed batch, its leaves and their details hold together, and nothing else does."""

import base64
import json
from typing import Any

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.log_leaf import EventLeaf, LeafMiss, MalformedLeaf, ShareLeaf, leaf_text, read_leaf
from contracts.log_proof import (
    VerifierKey,
    batch_holds,
    canonical,
    content_digest,
    detail_holds,
    leaf_hash,
    leaf_holds,
    parse_verifier_key,
    sign_batch,
    sign_turn,
    tag,
    turn_holds,
    verifier_key,
)

PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEY = verifier_key("test-log", PRIVATE.public_key().public_bytes_raw())
HASHES = [leaf_hash(b"a"), leaf_hash(b"b"), leaf_hash(b"c")]
SALT = "00" * 16

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


def test_the_leaf_hash_is_the_one_of_rfc_6962() -> None:
    assert leaf_hash(b"") == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"


@settings(deadline=None)
@given(json_values)
def test_canonical_is_rfc_8785_whatever_the_value(value: Any) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@pytest.mark.parametrize("value", [2**53, {"a": [-(2**60)]}, float("nan"), "\ud800", {"a": "\ud800"}])
def test_what_json_cannot_hold_has_no_canonical_form(value: Any) -> None:
    with pytest.raises((rfc8785.CanonicalizationError, UnicodeEncodeError)):
        canonical(value)


def signed() -> str:
    return sign_batch(PRIVATE, log="test-log", first_index=5, leaf_hashes=HASHES)


def holds(key: VerifierKey = KEY, **change: Any) -> bool:
    batch: dict[str, Any] = {
        "log": "test-log",
        "first_index": 5,
        "leaf_hashes": HASHES,
        "key_id": KEY.key_id,
        "signature": signed(),
    } | change
    return batch_holds(key, **batch)


def test_a_batch_holds_as_it_was_signed_and_in_no_other_place_order_or_log() -> None:
    assert holds()
    assert not holds(first_index=4)
    assert not holds(leaf_hashes=HASHES[::-1])
    assert not holds(leaf_hashes=HASHES[:2])
    assert not holds(leaf_hashes=[*HASHES, HASHES[0]])
    assert not holds(log="other-log")
    assert not holds(verifier_key("other-log", KEY.public), log="other-log")
    assert not holds(key_id="00000000")
    stranger = Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key().public_bytes_raw()
    assert not holds(verifier_key("test-log", stranger), key_id=verifier_key("test-log", stranger).key_id)
    assert not holds(signature="not base64 !")


def test_a_turn_is_of_one_batch_at_one_version_of_one_log() -> None:
    def has_turn(key: VerifierKey = KEY, **change: Any) -> bool:
        turn = sign_turn(PRIVATE, log="test-log", version=7, signature=signed())
        given: dict[str, Any] = {"log": "test-log", "version": 7, "signature": signed(), "turn_signature": turn}
        return turn_holds(key, **given | change)

    assert has_turn()
    assert not has_turn(version=8)
    assert not has_turn(signature=sign_batch(PRIVATE, log="test-log", first_index=6, leaf_hashes=HASHES))
    assert not has_turn(log="other-log")
    assert not has_turn(verifier_key("other-log", KEY.public), log="other-log")
    assert not has_turn(turn_signature=signed())
    assert not has_turn(turn_signature="not base64 !")
    assert not has_turn(signature="\ud800")


@settings(deadline=None)
@given(st.integers(0, 63), st.integers(0, 7))
def test_any_flipped_bit_of_the_signature_is_refused(byte: int, bit: int) -> None:
    raw = bytearray(base64.b64decode(signed()))
    raw[byte] ^= 1 << bit
    assert not holds(signature=base64.b64encode(bytes(raw)).decode())


@settings(deadline=None)
@given(st.binary(min_size=1, max_size=200), st.data())
def test_any_flipped_bit_of_a_leaf_breaks_its_hash(leaf: bytes, data: st.DataObject) -> None:
    flipped = bytearray(leaf)
    flipped[data.draw(st.integers(0, len(leaf) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    assert leaf_hash(bytes(flipped)) != leaf_hash(leaf)


def test_a_leaf_holds_against_its_own_hash_alone() -> None:
    assert leaf_holds("é", leaf_hash("é".encode()))
    assert not leaf_holds("e", leaf_hash("é".encode()))
    assert not leaf_holds("\ud800", leaf_hash(b""))


@settings(deadline=None)
@given(st.dictionaries(st.text(max_size=5), json_values, min_size=1, max_size=5), st.data())
def test_a_detail_holds_only_with_its_own_salt_and_content(detail: dict[str, Any], data: st.DataObject) -> None:
    digest = content_digest(SALT, detail)
    assert detail_holds(digest, SALT, json.loads(json.dumps(detail)))
    assert not detail_holds(digest, "01" * 16, detail)
    name = data.draw(st.sampled_from(sorted(detail)))
    assert not detail_holds(digest, SALT, detail | {name: [detail[name], "changed"]})
    assert not detail_holds(digest, "not hex", detail)


def test_tags_differ_by_key_label_and_value() -> None:
    tags = {tag(k, label, v) for k in (b"1" * 32, b"2" * 32) for label in ("person", "subject") for v in ("a", "b")}
    assert len(tags) == 8


def test_a_verifier_key_reads_back_and_a_wrong_key_id_is_refused() -> None:
    assert parse_verifier_key(str(KEY) + "\n") == KEY
    for text in (str(KEY).replace("+", "+0", 1), "no key", "a+b+c", str(KEY)[:-4]):
        with pytest.raises(ValueError):
            parse_verifier_key(text)


def test_leaves_read_back_as_they_were_written() -> None:
    share = ShareLeaf(
        share_id="018f0000-0000-7000-8000-000000000001",
        person="a" * 64,
        source="hmp-northgate",
        source_kind="prison",
        recipient="police-north",
        recipient_kind="police",
        category="release-date",
        subject="b" * 64,
        version=0,
        decision="refused",
        reason="no-clause",
        near_misses=(LeafMiss(clause="4.1", condition="consent.state", wanted="in-force", was="none", reason="x"),),
        fields_removed=("pnc",),
        policy_hash="c" * 64,
        content_digest="d" * 64,
        decided_at="2026-01-01T00:00:00Z",
        recorded_at="2026-01-01T00:00:01Z",
    )
    event = EventLeaf(
        kind="read",
        event="access.recorded.v1",
        agency="auditor-north",
        facts={"route": "/v1/shares", "count": 0, "filters": ["person_id"]},
        content_digest="d" * 64,
        decided_at="2026-01-01T00:00:00Z",
        recorded_at="2026-01-01T00:00:01Z",
    )
    assert read_leaf(leaf_text(share)) == share
    assert read_leaf(leaf_text(event)) == event


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "null", '{"v":2,"kind":"share"}', '{"v":1,"kind":"share"}', '{"v":1}']
)
def test_a_text_that_is_no_leaf_is_refused_by_name(text: str) -> None:
    with pytest.raises(MalformedLeaf):
        read_leaf(text)
