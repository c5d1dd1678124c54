"""Text that PostgreSQL can hold: Unicode without the NUL character and without half of a surrogate pair.

Nor is anything nested so deep that whoever reads it next runs out of stack.
"""

import re

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")

RULE = "storable-text"
MAX_DEPTH = 64
DETAIL = f"text holds neither a NUL character nor half of a surrogate pair, and nothing is nested over {MAX_DEPTH} deep"

Place = tuple[str | int, ...]


def is_storable(text: str) -> bool:
    return _UNSTORABLE.search(text) is None


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
