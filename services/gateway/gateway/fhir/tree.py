"""Reading JSON from outside leniently: what is absent or of another shape than expected is simply not there."""

from collections.abc import Iterator
from typing import Any

Resource = dict[str, Any]


def many(found: object, *names: str) -> list[Resource]:
    """The objects at a path, through lists and single objects alike."""
    here = [found]
    for name in names:
        here = [part for each in here if isinstance(each, dict) for part in _as_list(each.get(name))]
    return [each for each in here if isinstance(each, dict)]


def one(found: object, *names: str) -> Resource:
    """The first object at a path, or an empty one."""
    return next(iter(many(found, *names)), {})


def words(found: object, name: str) -> str | None:
    """A member that is text (or the first of several), without space around it; None if there is none."""
    if not isinstance(found, dict):
        return None
    text = next((each for each in _as_list(found.get(name)) if isinstance(each, str) and each.strip()), None)
    return text.strip() if text else None


def texts(found: object, name: str) -> list[str]:
    """Every text of a member, whether it is one or several."""
    return [each for each in _as_list(found.get(name)) if isinstance(each, str)] if isinstance(found, dict) else []


def codings(concepts: list[Resource]) -> Iterator[tuple[str, str, str | None]]:
    """(system, code, display) of every coding of these CodeableConcepts that has a code."""
    for concept in concepts:
        for coding in many(concept, "coding"):
            if code := words(coding, "code"):
                yield words(coding, "system") or "", code, words(coding, "display")


def identifiers(found: object) -> list[tuple[str, str]]:
    """(system, value) of every identifier of a resource that has a value."""
    return [
        (words(each, "system") or "", value) for each in many(found, "identifier") if (value := words(each, "value"))
    ]


def uuid_of(reference: str | None) -> str | None:
    """The last part of a reference: `urn:uuid:1` and `Patient/1` are both 1."""
    return reference.rsplit(":", 1)[-1].rsplit("/", 1)[-1] if reference else None


def _as_list(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]
