"""Text that PostgreSQL can hold: Unicode without the NUL character and without half of a surrogate pair.

Nor is anything nested so deep that whoever reads it next runs out of stack.

JSON is read from UTF-8 alone (RFC 8259, 8.1). Python's own reader takes UTF-16 and UTF-32 too, and from bytes even half
of a pair, where neither is found by looking for an escape.
"""

import json
import re
from typing import Any

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")

RULE = "storable-text"
MAX_DEPTH = 64
DETAIL = f"text holds neither a NUL character nor half of a surrogate pair, and nothing is nested over {MAX_DEPTH} deep"

Place = tuple[str | int, ...]


def is_storable(text: str) -> bool:
    return _UNSTORABLE.search(text) is None


def json_text(raw: bytes) -> str:
    """The text of JSON in UTF-8, without a byte order mark; it may still be no JSON. Raises ValueError.

    ASCII in UTF-16 or UTF-32 is UTF-8 too, with NUL characters, and those no JSON holds as they are.
    """
    found = raw.decode("utf-8-sig")
    if "\x00" in found:
        raise ValueError("a NUL character")
    return found


def read_json(raw: bytes) -> Any:
    """What is said in JSON. Raises ValueError, or RecursionError where it is nested too deep."""
    return json.loads(json_text(raw))


def unstorable(value: object) -> Place | None:
    """Where in a JSON value the first stands that cannot be stored; None if all of it can."""
    pending: list[tuple[object, Place]] = [(value, ())]
    while pending:
        found, place = pending.pop()
        inside: list[tuple[object, Place]] = []
        if isinstance(found, dict):
            inside = [(inner, (*place, key)) for key, inner in found.items()]
        elif isinstance(found, list):
            inside = [(inner, (*place, index)) for index, inner in enumerate(found)]
        texts = found if isinstance(found, dict) else [found] if isinstance(found, str) else []
        if len(place) > MAX_DEPTH or not all(is_storable(text) for text in texts):
            return place
        pending += reversed(inside)
    return None
