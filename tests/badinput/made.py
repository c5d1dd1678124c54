"""Bodies made from a schema: right ones, and ones with one thing wrong. Seeded, so that a failure comes again."""

import copy
import json
from random import Random
from typing import Any

MARK = "Qzx9"
"""In every string that is made; an answer that refuses must not hold it."""

FORMATS = {"date": "2031-03-04", "date-time": "2031-03-04T10:00:00Z", "uuid": "01890000-0000-7000-8000-000000000000"}
NASTY: tuple[Any, ...] = (
    f"{MARK}\x00",
    f"\ud800{MARK}",
    f"{MARK} \u202e\u200b\ufeff",
    MARK * 3000,
    "",
    " ",
    "9999-12-31",
    "0001-01-01",
    "2199-12-31",
    "9999-12-31T23:59:59-14:00",
    "0001-01-01T00:00:00+14:00",
    "2031-03-04T10:00:00",
    "٢٠٣١-٠٣-٠٤",
    "noms:A1234AA",
    "nhs:\x00",
    -1,
    0,
    2**31,
    2**63,
    10**400,
    1e308,
    float("nan"),
    float("inf"),
    True,
    None,
    [],
    {},
    [[]] * 50,
    {MARK: MARK},
    [MARK] * 2000,
)


def made(schema: dict[str, Any], document: dict[str, Any], rng: Random, *, whole: bool = False) -> Any:
    """A value that the schema takes, as far as a schema says; optional fields by chance, or all if `whole`."""
    if "$ref" in schema:
        return made(document["components"]["schemas"][schema["$ref"].split("/")[-1]], document, rng, whole=whole)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return rng.choice(schema["enum"])
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            kept = [each for each in schema[several] if each.get("type") != "null"] or schema[several]
            return made(rng.choice(kept), document, rng, whole=whole)
    match schema.get("type"):
        case "object":
            required = schema.get("required", ())
            fields = schema.get("properties", {})
            chosen = [name for name in fields if whole or name in required or rng.random() < 0.4]
            return {name: made(fields[name], document, rng, whole=whole) for name in chosen}
        case "array":
            count = max(1, schema.get("minItems", 0)) if rng.random() < 0.8 else schema.get("minItems", 0)
            return [made(schema.get("items", {}), document, rng, whole=whole) for _ in range(count)]
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return rng.random() < 0.5
        case "string":
            return _string(schema)
        case _:
            return {}


def _string(schema: dict[str, Any]) -> str:
    if schema.get("format") in FORMATS:
        return FORMATS[schema["format"]]
    if "pattern" in schema:
        return "10:30" if ":" in schema["pattern"] else "housing-northtown"
    return f"{MARK} mäde for a test"[: schema.get("maxLength", 100)]


def spoilt(value: Any, rng: Random) -> Any:
    """The value with one place of it replaced, removed or joined by another."""
    value = copy.deepcopy(value)
    places = list(_places(value))
    if not places or rng.random() < 0.05:
        return rng.choice(NASTY)
    holder, key = rng.choice(places)
    if isinstance(holder, dict) and rng.random() < 0.15:
        holder[f"{MARK}-{key}"] = rng.choice(NASTY)
    elif isinstance(holder, dict) and rng.random() < 0.15:
        del holder[key]
    else:
        holder[key] = rng.choice(NASTY)
    return value


def _places(value: Any) -> Any:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in items:
        yield value, key
        yield from _places(each)


def encoded(value: Any, rng: Random) -> bytes:
    """As JSON; now and then no JSON any more."""
    raw = json.dumps(value).encode()
    return rng.choice(BREAKERS)(raw) if rng.random() < 0.1 else raw


BREAKERS = (
    lambda raw: raw[: len(raw) // 2],
    lambda raw: raw + b"}",
    lambda raw: b"\xff\xfe" + raw,
    lambda raw: raw.replace(b":", b":\xc3\x28", 1),
    lambda raw: b"[" * 100_000 + raw,
    lambda raw: b'{"name":' * 5000 + raw + b"}" * 5000,
    lambda raw: raw[:0],
    lambda raw: b"\x00" + raw,
    lambda raw: raw.replace(b'"', b"'"),
)
