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
