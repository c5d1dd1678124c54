"""Says what is wrong with a request in words that hold none of it: where, which rule, and the rule's own limits.

A place in the body is a JSON Pointer (RFC 6901); a query parameter, header or path part goes by its name. Pydantic's
messages are built from its templates with the limits of the schema alone, for the filled-in ones may quote input. Names
that the schema does not know are input too: an unknown field, or a key of a free mapping, is reported at the object
that holds it.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, cast

from fastapi.exceptions import RequestValidationError
from pydantic import TypeAdapter
from pydantic_core import PydanticKnownError

Located = dict[str, str]

_SCHEMA_LIMITS = frozenset(
    {"gt", "ge", "lt", "le", "multiple_of", "min_length", "max_length", "pattern", "expected", "max_digits"}
    | {"decimal_places", "whole_digits", "field_type", "discriminator", "expected_tags", "tz_expected", "class_name"}
)
_NOT_A_PLACE = frozenset({"extra_forbidden"})
_WORDS: Mapping[str, str] = {
    "extra_forbidden": "holds a field that is not known here",
    "value_error": "breaks a rule of this field",
    "assertion_error": "breaks a rule of this field",
    "missing": "is required",
}
_UNKNOWN_RULE = "is not in the form that is asked for"
_NAMED_PLACES: Mapping[str, str] = {"query": "parameter", "header": "header", "cookie": "cookie", "path": "path"}


def is_malformed(error: RequestValidationError) -> bool:
    """True if the body could not be read at all, which is 400; False for one that was read and breaks a rule, 422."""
    return any(found["type"] == "json_invalid" for found in error.errors())


def describe(error: RequestValidationError, body_type: object = None) -> list[Located]:
    """One entry per broken rule: `{"pointer" | "parameter" | "header" | "path", "rule", "detail"}`.

    `body_type` is what the body was to be; only names of its fields appear in pointers.
    """
    return [_described(found, error.body, body_type) for found in error.errors()]


def _described(found: Mapping[str, Any], body: object, body_type: object) -> Located:
    source, *place = found["loc"]
    rule = str(found["type"])
    if source == "body":
        located = {"pointer": pointer(place[:-1] if rule in _NOT_A_PLACE else place, body, field_names(body_type))}
    else:
        located = {_NAMED_PLACES.get(source, "parameter"): str(place[0]) if place else ""}
    return {**located, "rule": rule.replace("_", "-"), "detail": _detail(rule, found)}


def pointer(place: Sequence[str | int], body: object, names: frozenset[str]) -> str:
    """The JSON Pointer of `place` in `body`, as far as it goes by list positions and field `names`.

    The tags that a union leaves in pydantic's location are passed over.
    """
    parts: list[str] = []
    here: object = body
    for index, part in enumerate(place):
        is_last = index == len(place) - 1
        if isinstance(part, int) and isinstance(here, list):
            parts.append(str(part))
            here = here[part] if part < len(here) else None
        elif isinstance(here, dict) and (part in here or (is_last and part in names)):
            if part not in names:
                break
            parts.append(str(part))
            here = cast(dict[object, object], here).get(part)
    return "".join(f"/{part}" for part in parts)


def field_names(body_type: Any) -> frozenset[str]:
    """The names of all fields, at any depth, of a pydantic type, as they are called in JSON."""
    try:
        return _cached_names(body_type)
    except TypeError:  # the annotation holds something that cannot be a key of the cache
        return _names(body_type)


def _names(body_type: Any) -> frozenset[str]:
    adapter: TypeAdapter[Any] = TypeAdapter(body_type)
    return frozenset(_properties(adapter.json_schema()))


_cached_names = lru_cache(maxsize=1024)(_names)


def _properties(schema: object) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(properties := schema.get("properties"), dict):
            yield from properties
        for inner in schema.values():
            yield from _properties(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from _properties(inner)


def _detail(rule: str, found: Mapping[str, Any]) -> str:
    if rule in _WORDS:
        return _WORDS[rule]
    context = found.get("ctx") or {}
    limits = {name: value for name, value in context.items() if name in _SCHEMA_LIMITS}
    if len(limits) < len(context):
        return _UNKNOWN_RULE
    try:
        return PydanticKnownError(cast(Any, rule), limits or None).message()
    except (KeyError, TypeError, ValueError):
        return str(found["msg"]) if not context else _UNKNOWN_RULE
