"""Request headers in a gateway's OpenAPI document, where the owner behind it is who reads them.

A route that only hands a header on says so: `openapi_extra=told(IF_MATCH_REQUIRED, KEY_HONOURED)`. The key that a
POST must have is described by `chassis.idempotency.key_required` itself.
"""

from typing import Any, Final

Parameter = dict[str, Any]

KEY_SAYS: Final = "The same key with the same request is answered as the first time, with `Idempotency-Replayed: true`."


def _header(name: str, says: str, *, required: bool = False) -> Parameter:
    return {"name": name, "in": "header", "required": required, "schema": {"type": "string"}, "description": says}


IF_MATCH: Final = _header("If-Match", "The ETag that you saw, or `*`; 412 if it has changed since.")
IF_MATCH_REQUIRED: Final = _header(
    "If-Match", "The ETag that you saw, or `*`; 412 if it has changed since, 428 if absent.", required=True
)
NONE_YET: Final = _header("If-None-Match", "`*`: only if there is none yet; 412 otherwise.")
IF_NONE_MATCH: Final = _header("If-None-Match", "The ETag that you have; 304 while it has not changed.")
KEY_HONOURED: Final = _header("Idempotency-Key", KEY_SAYS)


def told(*headers: Parameter) -> dict[str, Any]:
    """What `openapi_extra` of a route takes: these headers, and the status that comes of one alone."""
    extra: dict[str, Any] = {"parameters": [dict(header) for header in headers]}
    if IF_NONE_MATCH in headers:
        extra["responses"] = {"304": {"description": "Not Modified"}}
    return extra
