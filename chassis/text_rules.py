"""Text that cannot be stored is refused at the door, wherever it stands: 422, and not a fault of the database later."""

import json

from fastapi import Request

from chassis.media_type import is_json
from chassis.problems import Problem, body_type
from chassis.validation import Located, field_names, pointer
from contracts import text


class NotUtf8(Problem):
    """A JSON body in another encoding, in which what cannot be stored is written otherwise."""

    def __init__(self) -> None:
        super().__init__(400, "The body is not JSON in UTF-8.", code="malformed")


async def only_storable_text(request: Request) -> None:
    """Application-wide dependency: 422 for text in path, query or JSON body that PostgreSQL cannot hold; a JSON body
    that is not UTF-8 is 400. Raises NotUtf8."""
    for where, values in (("path", request.path_params.values()), ("query", request.query_params.values())):
        if not all(text.is_storable(str(value)) for value in values):
            _refuse({"parameter": where})
    if not is_json(request):
        return
    try:
        said = text.json_text(await request.body())
    except ValueError as error:
        raise NotUtf8 from error
    if "\\u" not in said:
        return  # without an escape, valid JSON in UTF-8 holds neither
    try:
        body = json.loads(said)
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
