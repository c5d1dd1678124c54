"""Every gateway's OpenAPI document keeps to OpenAPI 3.1, and each call says how it is refused and who may make it."""

import json
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from contracts.codes import AgencyKind

ROOT = Path(__file__).resolve().parents[2]
KINDS = sorted(kind.value for kind in AgencyKind if kind is not AgencyKind.OPERATOR)
FACTS = ("/v1/people/{person}/release-dates", "/v1/releases", "/v1/release-dates", "/v1/events")
"""Where prisons alone have routes."""
WITHOUT_KEY = ("/v1/events", "/v1/webhook/test", "/fhir/$process-message")
"""Idempotent by their own ids, or harmless."""
FIRST_201 = {
    "/v1/people/{person}",
    "/v1/people/{person}/involvement",
    "/v1/people/{person}/release-dates/{date_type}",
    "/v1/services/{service_id}",
}


def document(kind: str) -> dict[str, Any]:
    found = json.loads((ROOT / f"contracts/openapi/{kind}.json").read_bytes())
    assert isinstance(found, dict)
    return found


def operations(kind: str) -> list[tuple[str, dict[str, Any]]]:
    return [(path, each) for path, methods in document(kind)["paths"].items() for each in methods.values()]


def test_every_kind_of_gateway_has_a_document() -> None:
    assert sorted(path.stem for path in (ROOT / "contracts/openapi").iterdir()) == KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_a_document_keeps_to_openapi(kind: str) -> None:
    OpenAPIV31SpecValidator(document(kind)).validate()


@pytest.mark.parametrize("kind", KINDS)
def test_an_operation_has_its_own_id_and_says_how_it_is_refused(kind: str) -> None:
    found = operations(kind)
    ids = [operation["operationId"] for _, operation in found]
    assert ids
    assert len(ids) == len(set(ids))
    for path, operation in found:
        assert "application/problem+json" in operation["responses"]["default"]["content"], path


@pytest.mark.parametrize("kind", KINDS)
def test_everything_but_health_and_info_needs_a_token(kind: str) -> None:
    assert document(kind)["security"] == [{"token": []}]
    open_to_all = {path for path, operation in operations(kind) if operation.get("security") == []}
    assert open_to_all == {"/health/liveness", "/health/readiness", "/info"}


@pytest.mark.parametrize("kind", KINDS)
def test_query_strings_carry_no_identifiers_of_people(kind: str) -> None:
    told = {
        parameter["name"]
        for _, operation in operations(kind)
        for parameter in operation.get("parameters", ())
        if parameter["in"] == "query"
    }
    assert (
        told & {"noms", "nhs", "pnc", "cro", "crn", "identifier", "name", "family", "given", "date_of_birth"} == set()
    )


@pytest.mark.parametrize("kind", KINDS)
def test_release_dates_are_pushed_at_the_prisons_gateway_alone(kind: str) -> None:
    assert any(path.startswith(FACTS) for path in document(kind)["paths"]) is (kind == "prison")


def headers_of(operation: dict[str, Any]) -> dict[str, bool]:
    """The request headers that an operation names, each with whether it is needed."""
    return {told["name"]: told["required"] for told in operation.get("parameters", ()) if told["in"] == "header"}


def methods(kind: str, method: str) -> list[tuple[str, dict[str, Any]]]:
    return [(path, each[method]) for path, each in document(kind)["paths"].items() if method in each]


@pytest.mark.parametrize("kind", KINDS)
def test_what_creates_needs_an_idempotency_key(kind: str) -> None:
    for path, operation in methods(kind, "post"):
        creates = {"201", "202"} & set(operation["responses"])
        if creates and path not in WITHOUT_KEY:
            assert headers_of(operation).get("Idempotency-Key") is True, path


@pytest.mark.parametrize("kind", KINDS)
def test_an_action_on_a_referral_needs_if_match_and_honours_a_key(kind: str) -> None:
    for path, operation in methods(kind, "post"):
        if path.startswith("/v1/referrals/{referral_id}/"):
            found = headers_of(operation)
            assert found.pop("If-Match") is True, path
            assert found == {"Idempotency-Key": path.endswith("/appointments")}, path


def test_a_release_date_takes_either_precondition_and_needs_none() -> None:
    path = "/v1/people/{person}/release-dates/{date_type}"
    assert headers_of(document("prison")["paths"][path]["put"]) == {"If-Match": False, "If-None-Match": False}


@pytest.mark.parametrize("kind", KINDS)
def test_no_header_is_told_twice(kind: str) -> None:
    for path, operation in operations(kind):
        names = [told["name"].lower() for told in operation.get("parameters", ()) if told["in"] == "header"]
        assert len(names) == len(set(names)), path


@pytest.mark.parametrize("kind", KINDS)
def test_what_answers_201_the_first_time_says_so(kind: str) -> None:
    for path, operation in methods(kind, "put"):
        if path in FIRST_201 or "/sections/" in path:
            found = operation["responses"]
            assert found["201"]["content"] == found["200"]["content"], path


def test_a_movement_is_answered_201() -> None:
    found = document("prison")["paths"]["/v1/people/{person}/custody-events"]["post"]
    assert [status for status in found["responses"] if status.startswith("2")] == ["201"]
