"""The lines of a bulk request: each is good or rejected by itself, and lines of one person that follow each other stay
together, because they are one change."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pydantic import ValidationError

from contracts.event import JsonObject
from contracts.http.gateway import BulkLine, BulkResult
from contracts.text import DETAIL, read_json, unstorable

MAX_LINE_BYTES = 16 * 1024
CHUNK = 1_000

_WHO = {"identifiers", "name", "date_of_birth"}


@dataclass(frozen=True, slots=True)
class Good:
    """A line in the right form; what it says of the date is its owner's to judge."""

    number: int
    body: BulkLine


@dataclass(frozen=True, slots=True)
class Bad:
    """A line that is rejected. `detail` names field and rule, and nothing of what was sent."""

    number: int
    code: str
    detail: str


Line = Good | Bad


def read_line(number: int, raw: bytes) -> Line | None:
    """One line of NDJSON; None for an empty one."""
    if not raw.strip():
        return None
    if len(raw) > MAX_LINE_BYTES:
        return Bad(number, "line-too-long", f"a line has at most {MAX_LINE_BYTES} bytes")
    try:
        found = read_json(raw)
    except (ValueError, RecursionError):
        return Bad(number, "line-malformed", "the line is not JSON in UTF-8")
    if not isinstance(found, dict):
        return Bad(number, "line-malformed", "the line is not a JSON object")
    if unstorable(found) is not None:
        return Bad(number, "line-invalid", DETAIL)
    try:
        return Good(number, BulkLine.model_validate(found))
    except ValidationError as error:
        return Bad(number, "line-invalid", _what_is_wrong(error))


def chunks(lines: Iterable[Line], size: int = CHUNK) -> Iterator[list[Line]]:
    """Lists of at most `size` lines, in order; lines of one person are cut apart only if they fill a list."""
    held: list[Line] = []
    for line in lines:
        if len(held) == size:
            keep = _tail_of(held, line)
            yield held[: size - keep]
            held = held[size - keep :]
        held.append(line)
    if held:
        yield held


def persons_of(lines: Iterable[Good]) -> list[JsonObject]:
    """The person of each line. What a line says of who somebody is holds for later ones that say nothing."""
    said: dict[str, JsonObject] = {}
    people = []
    for line in lines:
        who = line.body.model_dump(mode="json", include=_WHO, exclude_none=True)
        if who:
            said.setdefault(line.body.person, who)
        people.append({"person": line.body.person, **(who or said.get(line.body.person, {}))})
    return people


def rejected(line: Bad) -> BulkResult:
    """The answer to a bad line."""
    return BulkResult(line=line.number, outcome="rejected", code=line.code, detail=line.detail)


def _tail_of(held: list[Line], following: Line) -> int:
    """How many lines at the end of `held` belong with `following`; 0 if all of them do."""
    if not isinstance(following, Good):
        return 0
    person = following.body.person
    others = (n for n, line in enumerate(reversed(held)) if not isinstance(line, Good) or line.body.person != person)
    return next(others, 0)


def _what_is_wrong(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    if first["type"] == "extra_forbidden":
        return "the line holds a field that is not known here"
    place = "/".join(str(part) for part in first["loc"])
    return f"{place}: {first['type'].replace('_', '-')}"
