"""Text that cannot be stored is refused at the door, wherever it stands: 422, and not a fault of the database later."""

import json

from fastapi import Request

from chassis.problems import Problem, body_type
from chassis.validation import Located, field_names, pointer
from contracts import text


async def only_storable_text(request: Request) -> None:
    """Application-wide dependency: 422 for text in path, query or JSON body that PostgreSQL cannot hold."""
    for where, values in (("path", request.path_params.values()), ("query", request.query_params.values())):
        if not all(text.is_storable(str(value)) for value in values):
            _refuse({"parameter": where})
    if "json" not in request.headers.get("content-type", "") or "ndjson" in request.headers["content-type"]:
        return
    raw = await request.body()
    if b"\\u" not in raw:
        return  # without an escape, valid JSON in UTF-8 holds neither
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        return  # refused where bodies are read
    place = text.unstorable(body)
    if place is not None:
        _refuse({"pointer": pointer(place, body, field_names(body_type(request)))})


def _refuse(where: Located) -> None:
    raise Problem(
        422,
        "The request holds text that cannot be stored.",
        code="invalid",
        errors=[{**where, "rule": text.RULE, "detail": text.DETAIL}],
    )
