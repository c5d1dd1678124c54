"""Whether a schema may follow another under the same event type.

Invariant: both directions hold while old and new run side by side and while topics keep a week of messages.
New consumers read what old producers wrote, and old consumers read what new producers write. Producers keep to the
closed schema, consumers pass over fields that they do not know, so an added optional field is no break. A coded word
may be added to a list (contracts/contracts/codes: consumers are deployed first), never taken away.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from jsoncompat import check_compat

Schema = dict[str, Any]

_ANNOTATIONS = {"title", "description", "default", "$id", "$schema", "examples"}
"""What says nothing about which values are valid. As names of properties they are kept."""


@dataclass(frozen=True, slots=True)
class Break:
    """A field (dotted, `[]` for items, empty for the whole) and what is wrong with it now."""

    field: str
    rule: str

    def __str__(self) -> str:
        return f"{self.field or 'the event'} {self.rule}"


def breaks(old: Schema, new: Schema) -> list[Break]:
    """Every field that makes `new` a break with `old`; none if it may follow."""
    old, new = _bare(old), _bare(new)
    if _fits(old, new):
        return []
    return list(_located(old, new, old.get("$defs", {}), new.get("$defs", {}), ""))


def _fits(old: Schema, new: Schema) -> bool:
    grown = _with_added_words(old, new)
    return check_compat(json.dumps(old), json.dumps(_opened(new)), "deserializer") and check_compat(
        json.dumps(_opened(grown)), json.dumps(new), "serializer"
    )


def _located(old: Schema, new: Schema, old_defs: Schema, new_defs: Schema, path: str) -> Iterator[Break]:
    old, new = _resolved(old, old_defs), _resolved(new, new_defs)
    if _fits({**old, "$defs": old_defs}, {**new, "$defs": new_defs}):
        return
    found = [*_fields(old, new, path)]
    for part, old_part, new_part in _parts(old, new):
        found += _located(old_part, new_part, old_defs, new_defs, f"{path}{part}".lstrip("."))
    yield from found or [Break(path, _told(old, new))]


def _fields(old: Schema, new: Schema, path: str) -> Iterator[Break]:
    """Fields whose presence changed."""
    prefix = f"{path}." if path else ""
    must, must_now = set(old.get("required", ())), set(new.get("required", ()))
    known, known_now = old.get("properties", {}), new.get("properties", {})
    for name in sorted(must - set(known_now)):
        yield Break(prefix + name, "is gone, and consumers rely on it")
    for name in sorted((must - must_now) & set(known_now)):
        yield Break(prefix + name, "may now be left out, and consumers rely on it")
    for name in sorted(must_now - must):
        yield Break(prefix + name, "is now required" if name in known else "is new and required")


def _parts(old: Schema, new: Schema) -> Iterator[tuple[str, Schema, Schema]]:
    """What both have inside: fields, items, free members, and the one alternative to null."""
    for name, part in old.get("properties", {}).items():
        if name in new.get("properties", {}):
            yield f".{name}", part, new["properties"][name]
    if "items" in old and "items" in new:
        yield "[]", old["items"], new["items"]
    if isinstance(old.get("additionalProperties"), dict) and isinstance(new.get("additionalProperties"), dict):
        yield ".*", old["additionalProperties"], new["additionalProperties"]
    old_some, new_some = _not_null(old), _not_null(new)
    if old_some is not None and new_some is not None:
        yield "", old_some, new_some


def _told(old: Schema, new: Schema) -> str:
    lost = [value for value in old.get("enum", ()) if value not in new.get("enum", ())]
    if lost and "enum" in new:
        return f"no longer takes {', '.join(map(str, lost))}"
    if (_not_null(old) is None) is not (_not_null(new) is None):
        return "may now be null" if _not_null(new) is not None else "may no longer be null"
    if old.get("type") != new.get("type"):
        return f"was {old.get('type', 'of several types')}, is {new.get('type', 'of several types')}"
    return "takes other values than before"


def _not_null(schema: Schema) -> Schema | None:
    others = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    nullable = len(others) < len(schema.get("anyOf", ()))
    return others[0] if nullable and len(others) == 1 else None


def _resolved(schema: Schema, defs: Schema) -> Schema:
    while "$ref" in schema:
        schema = defs[schema["$ref"].removeprefix("#/$defs/")]
    return schema


def _bare(schema: Schema) -> Schema:
    """Without annotations; names of properties and definitions are never taken for one."""
    found: Schema = {}
    for key, value in schema.items():
        if key in ("properties", "$defs"):
            found[key] = {name: _bare(part) for name, part in value.items()}
        elif key not in _ANNOTATIONS:
            found[key] = _each(value, _bare)
    return found


def _opened(schema: Schema) -> Schema:
    """As a consumer reads it: unknown fields are no error."""
    return {
        key: _each(value, _opened) for key, value in schema.items() if (key, value) != ("additionalProperties", False)
    }


def _with_added_words(old: Any, new: Any) -> Any:
    """`old`, with the words that `new` adds to its enums."""
    if isinstance(old, dict) and isinstance(new, dict):
        found = {key: _with_added_words(value, new.get(key)) for key, value in old.items()}
        words = old.get("enum")
        if isinstance(words, list) and set(map(str, words)) <= set(map(str, new.get("enum", ()))):
            found["enum"] = new["enum"]
        return found
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return [_with_added_words(*pair) for pair in zip(old, new, strict=True)]
    return old


def _each(value: Any, change: Any) -> Any:
    if isinstance(value, dict):
        return change(value)
    return [_each(item, change) for item in value] if isinstance(value, list) else value
