"""One JSON Schema (2020-12) per event type, from the class that writes and reads it.

Invariant: closed for producers. No object takes a field that the schema does not name, except the free JSON objects
(`content`, `detail`, `facts`), whose shape belongs to the category. Consumers stay tolerant: their classes drop what
they do not know.
"""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from contracts.event import EventData
from contracts.registry import EVENTS
from throughgate.contracts_gen.artefacts import as_json

FOLDER = PurePosixPath("contracts/schemas")
DIALECT = "https://json-schema.org/draft/2020-12/schema"


class _ClosedSchemas(GenerateJsonSchema):
    """Pydantic's schemas, with every model closed and no titles that only repeat a field's name."""

    def field_title_should_be_set(self, _schema: object) -> bool:
        return False

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        found = super().model_schema(schema)
        found["additionalProperties"] = False
        return found


def schema_of(event: type[EventData]) -> dict[str, Any]:
    """What a producer of this type may write; a field with a default may be left out."""
    found = event.model_json_schema(mode="validation", schema_generator=_ClosedSchemas)
    return {"$schema": DIALECT, "$id": f"urn:throughgate:event:{event.TYPE}", **found}


def schema_files(events: Mapping[str, type[EventData]] = EVENTS) -> dict[PurePosixPath, bytes]:
    """Every schema's file, by its path in the repository."""
    return {FOLDER / f"{name}.json": as_json(schema_of(event)) for name, event in sorted(events.items())}
