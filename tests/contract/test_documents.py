"""The generated documents: what is committed is what the code says, and each keeps to its own standard."""

import json
from pathlib import Path, PurePosixPath
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml

from contracts.registry import EVENTS
from contracts.topics import specs
from tests.contract.test_envelope import GOLDEN
from throughgate.contracts_gen import artefacts
from throughgate.contracts_gen.__main__ import FOLDERS, generated
from throughgate.contracts_gen.asyncapi import HEADERS, document
from throughgate.contracts_gen.schemas import schema_of

ROOT = Path(__file__).resolve().parents[2]
ASYNCAPI_SCHEMA = Path(__file__).with_name("asyncapi-3.0.0-schema.json")
A, B = PurePosixPath("made/a.json"), PurePosixPath("made/b.json")


@pytest.fixture(scope="module")
def asyncapi() -> dict[str, Any]:
    found = yaml.safe_load((ROOT / "contracts/asyncapi.yaml").read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def test_what_is_committed_is_what_the_code_says() -> None:
    files = generated()
    assert artefacts.differences(files, FOLDERS) == []
    assert generated() == files, "the same code gives the same bytes"


def test_drift_is_named_file_by_file_and_mended(tmp_path: Path) -> None:
    files = {A: artefacts.as_json({"b": 1, "a": 2}), B: b"{}\n"}
    folder = tmp_path / "made"
    folder.mkdir()
    (folder / "a.json").write_text("{}\n")
    (folder / "old.json").write_text("{}\n")
    drift = ["made/a.json is not what the code says", "made/b.json is missing", "made/old.json is left over"]
    assert artefacts.differences(files, [A.parent], tmp_path) == drift
    assert artefacts.write(files, [A.parent], tmp_path) == drift
    assert artefacts.differences(files, [A.parent], tmp_path) == []
    assert (folder / "a.json").read_text() == '{\n  "a": 2,\n  "b": 1\n}\n'


@pytest.mark.parametrize("name", EVENTS)
def test_a_schema_is_closed_but_for_the_free_objects(name: str) -> None:
    schema = schema_of(EVENTS[name])
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"urn:throughgate:event:{name}"
    for model in (schema, *(each for each in schema.get("$defs", {}).values() if each["type"] == "object")):
        assert model["additionalProperties"] is False, model["title"]
        for field, part in model["properties"].items():
            assert '"additionalProperties": true' not in json.dumps(part) or field in {"content", "detail"}, field


def test_the_asyncapi_document_keeps_to_asyncapi_3(asyncapi: dict[str, Any]) -> None:
    jsonschema.Draft7Validator(json.loads(ASYNCAPI_SCHEMA.read_bytes())).validate(asyncapi)


def test_the_asyncapi_check_would_notice_a_mistake() -> None:
    wrong = document()
    wrong["operations"]["caseload.send.offers"]["action"] = "shout"
    assert not jsonschema.Draft7Validator(json.loads(ASYNCAPI_SCHEMA.read_bytes())).is_valid(wrong)


def test_every_reference_of_the_asyncapi_document_leads_somewhere(asyncapi: dict[str, Any]) -> None:
    references = list(references_in(asyncapi))
    assert len(references) > len(EVENTS)
    for reference in references:
        if reference.startswith("./"):
            assert (ROOT / "contracts" / reference).is_file(), reference
            continue
        found: Any = asyncapi
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]


def test_every_topic_has_its_types_and_its_services(asyncapi: dict[str, Any]) -> None:
    told = {name for channel in asyncapi["channels"].values() for name in channel["messages"]}
    assert told == set(EVENTS)
    for topic, spec in specs().items():
        channel = asyncapi["channels"][topic.value]
        assert channel["bindings"]["kafka"]["partitions"] == spec.partitions
        assert set(spec.types) == {name for name, event in EVENTS.items() if event.TOPIC is topic}
        for action, services in (("send", spec.producers), ("receive", spec.consumers)):
            for service in services:
                assert asyncapi["operations"][f"{service}.{action}.{topic}"]["action"] == action


def test_the_headers_told_are_the_headers_sent() -> None:
    assert set(HEADERS["properties"]) == {name for name, _ in GOLDEN}
    assert set(HEADERS["required"]) == {name for name, _ in GOLDEN} - {"ce_traceparent"}


def references_in(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [found for inner in value.values() for found in references_in(inner)]
    return [found for inner in value for found in references_in(inner)] if isinstance(value, list) else []
