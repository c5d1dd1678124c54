"""Text that PostgreSQL can hold: Unicode without the NUL character and without half of a surrogate pair."""

import re

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")

RULE = "storable-text"
DETAIL = "text holds neither a NUL character nor half of a surrogate pair"

Place = tuple[str | int, ...]


def is_storable(text: str) -> bool:
    return _UNSTORABLE.search(text) is None


def unstorable(value: object, place: Place = ()) -> Place | None:
    """Where in a JSON value the first text stands that cannot be stored; None if all of it can."""
    if isinstance(value, str):
        return None if is_storable(value) else place
    if isinstance(value, dict):
        pairs = [(key, inner) for key, inner in value.items()]
        if any(not is_storable(str(key)) for key, _ in pairs):
            return place
        return next((found for key, inner in pairs if (found := unstorable(inner, (*place, key))) is not None), None)
    if isinstance(value, list):
        inside = (unstorable(inner, (*place, index)) for index, inner in enumerate(value))
        return next((found for found in inside if found is not None), None)
    return None
