"""An application's OpenAPI document says how it refuses: one schema, `Problem`, for all that is not a success."""

from typing import Any

from fastapi import FastAPI

from chassis.problems import MEDIA_TYPE

ANY_PROBLEM: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "Any refusal (RFC 9457).",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
}

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


def describe_problems(app: FastAPI) -> None:
    """Let `app.openapi()` hold the schema that ANY_PROBLEM refers to."""
    build = app.openapi

    def openapi() -> dict[str, Any]:
        document = build()
        document.setdefault("components", {}).setdefault("schemas", {})["Problem"] = PROBLEM_SCHEMA
        return document

    app.openapi = openapi  # type: ignore[method-assign]
