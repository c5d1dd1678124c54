"""Every example is used here, and every event type has one.

The people are made up; the agencies are those of deploy/agencies.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml

from contracts.codes import Basis, Category, Effect, SubjectTo, Verdict
from contracts.content import (
    REFERRAL_CONTENT,
    SECTION_CONTENT,
    Content,
    CustodyStatusContent,
    IdentityContent,
    WarningContent,
)
from contracts.decisions import OfferDecidedV1
from contracts.envelope import Envelope, decode, from_headers, to_headers
from contracts.event import EventData
from contracts.log import LogAppendedV1
from contracts.log_proof import batch_holds, content_digest, leaf_holds, parse_verifier_key
from contracts.offers import OfferMadeV1
from contracts.registry import EVENTS
from contracts.screening import CONTENT as SCREENING_CONTENT

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "contracts/examples"
FILES = sorted(path.relative_to(EXAMPLES).as_posix() for path in EXAMPLES.glob("*/*.json"))
EXAMPLE_KEY = "example.org/throughgate+c811c691+AYv5v++1+DJichsBUPDdnCNq/nAJt5aoG94l+7I/yyO9"
"""The public half of the key that signed the examples of log.appended.v1."""

AGENCY_FIELDS = {"agency", "source", "recipient", "prison", "previous_prison", "recorded_by", "confirmed_by"}
AGENCY_FIELDS |= {"sender", "receiver"}
CONTENT: dict[str, type[Content]] = {
    "identity": IdentityContent,
    "custody-status": CustodyStatusContent,
    "warning": WarningContent,
    **SECTION_CONTENT,
    **REFERRAL_CONTENT,
}


def schema(event_type: str) -> jsonschema.Draft202012Validator:
    found = json.loads((ROOT / f"contracts/schemas/{event_type}.json").read_bytes())
    return jsonschema.Draft202012Validator(found, format_checker=jsonschema.FormatChecker())


def read(file: str) -> tuple[str, dict[str, Any]]:
    return file.partition("/")[0], json.loads((EXAMPLES / file).read_bytes())


def typed(file: str) -> EventData:
    event_type, data = read(file)
    return EVENTS[event_type].model_validate_json(json.dumps(data))


E = TypeVar("E", bound=EventData)


def everything(event: type[E]) -> list[E]:
    return [found for file in FILES if isinstance(found := typed(file), event)]


def test_every_type_has_an_example_and_nothing_else_lies_about() -> None:
    assert {file.partition("/")[0] for file in FILES} == set(EVENTS)
    assert sorted(path.relative_to(EXAMPLES).as_posix() for path in EXAMPLES.rglob("*") if path.is_file()) == FILES


@pytest.mark.parametrize("file", FILES)
def test_an_example_keeps_to_its_schema(file: str) -> None:
    event_type, data = read(file)
    schema(event_type).validate(data)


@pytest.mark.parametrize("file", FILES)
def test_an_example_survives_the_wire(file: str) -> None:
    event = typed(file)
    written = event.model_dump_json().encode()
    schema(event.TYPE).validate(json.loads(written))

    envelope = Envelope(
        id=event.event_id or "0192f1a4-6c00-7000-8000-00000000000e",
        source="caseload",
        type=event.TYPE,
        subject=event.key,
        time=datetime(2026, 11, 2, 10, 14, tzinfo=UTC),
        version=7,
    )
    received = from_headers(to_headers(envelope))
    assert received == envelope
    assert decode(received, written) == event


@pytest.mark.parametrize("file", FILES)
def test_a_field_nobody_named_is_refused_of_producers_and_passed_over_by_consumers(file: str) -> None:
    event_type, data = read(file)
    more = {**data, "nickname": "made up"}
    assert not schema(event_type).is_valid(more)
    assert EVENTS[event_type].model_validate(more) == EVENTS[event_type].model_validate(data)


def test_decisions_are_shown_in_every_variant() -> None:
    decisions = [decision for offer in everything(OfferDecidedV1) for decision in offer.decisions]
    assert {decision.verdict for decision in decisions} == set(Verdict)
    assert {decision.basis for decision in decisions} == {*Basis, None}
    assert {decision.effect for decision in decisions} == {*Effect, None}
    assert SubjectTo.OBJECTION in {decision.subject_to for decision in decisions}
    emergency = [decision for decision in decisions if decision.basis is Basis.VITAL_INTERESTS]
    assert all(decision.justification and decision.requested_by and decision.review_due_at for decision in emergency)


def test_offers_hold_what_their_category_says() -> None:
    offers = [offer for offer in everything(OfferMadeV1) if offer.content is not None]
    schemas = [SCREENING_CONTENT.get(offer.type) or CONTENT.get(offer.category) for offer in offers]
    checked = [found.model_validate(offer.content) for found, offer in zip(schemas, offers, strict=True) if found]
    assert {type(content) for content in checked} >= {IdentityContent, WarningContent, *SCREENING_CONTENT.values()}
    assert Category.RELEASE_DATE in {offer.category for offer in offers}


@pytest.mark.parametrize("batch", everything(LogAppendedV1), ids=lambda batch: str(batch.first_index))
def test_the_log_s_examples_prove_themselves(batch: LogAppendedV1) -> None:
    assert batch_holds(
        parse_verifier_key(EXAMPLE_KEY),
        log=batch.log,
        first_index=batch.first_index,
        leaf_hashes=[entry.leaf_hash for entry in batch.entries],
        key_id=batch.key_id,
        signature=batch.signature,
    )
    assert batch.size == batch.first_index + len(batch.entries)
    for entry in batch.entries:
        assert leaf_holds(entry.leaf, entry.leaf_hash)
        if entry.detail is not None and entry.salt is not None:
            assert content_digest(entry.salt, entry.detail) == json.loads(entry.leaf)["content_digest"]


@pytest.mark.parametrize("file", FILES)
def test_the_agencies_are_the_made_up_ones(file: str) -> None:
    known = {yaml.safe_load(path.read_text())["id"] for path in (ROOT / "deploy/agencies").glob("*.yaml")}
    assert known
    assert set(agencies_in(read(file)[1])) <= known


def agencies_in(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in AGENCY_FIELDS and isinstance(inner, str):
                yield inner
            yield from agencies_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from agencies_in(inner)
