"""An application's OpenAPI document says how it refuses (one schema, `Problem`, for all that is not a success) and what
it asks for: a bearer token everywhere but where its health is read.
"""

from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

from chassis.problems import MEDIA_TYPE

ANY_PROBLEM: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "Any refusal (RFC 9457).",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
}


def or_created(model: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """For a route that answers 201 the first time, with the same body as later."""
    return {201: {"model": model, "description": "Created"}}


PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "title": "Problem",
    "required": ["type", "title", "status", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "Stable, kebab-case."},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["rule", "detail"],
                "properties": {
                    "pointer": {"type": "string", "description": "JSON Pointer into the body (RFC 6901)."},
                    "parameter": {"type": "string"},
                    "header": {"type": "string"},
                    "path": {"type": "string"},
                    "rule": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}


TOKEN: dict[str, Any] = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "An access token (RFC 9068) of this deployment; the agency is read from it.",
}
OPEN_PATHS = ("/health/", "/info")


def describe_problems(app: FastAPI) -> None:
    """Let `app.openapi()` hold the schema that ANY_PROBLEM refers to, and the token."""
    build = app.openapi

    def openapi() -> dict[str, Any]:
        document: dict[str, Any] = _as_3_1(build())
        components = document.setdefault("components", {})
        components.setdefault("schemas", {})["Problem"] = PROBLEM_SCHEMA
        components["securitySchemes"] = {"token": TOKEN}
        document["security"] = [{"token": []}]
        for path, operations in document["paths"].items():
            if path.startswith(OPEN_PATHS):
                for operation in operations.values():
                    operation["security"] = []
        return document

    app.openapi = openapi  # type: ignore[method-assign]


def _as_3_1(value: Any) -> Any:
    """The framework describes the items of an event stream with a keyword of OpenAPI 3.2; in 3.1 it is an extension."""
    if isinstance(value, dict):
        return {"x-itemSchema" if key == "itemSchema" else key: _as_3_1(inner) for key, inner in value.items()}
    return [_as_3_1(inner) for inner in value] if isinstance(value, list) else value
