"""Three file formats, told apart by what they hold, to one: a line of the bulk endpoint (api.md).

A line that cannot be read stays a line: it is rejected with its reason and stops no other.
"""

import csv
import itertools
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COLUMNS = ("prison_number", "date_type", "date", "status", "reason", "family", "given", "date_of_birth")

NEEDED = {"prison_number", "date_type", "date"}
LOOKED_AT = 20
"""Lines in which a file says what it is: the first ones may be empty, or broken."""


class UnknownFormat(Exception):
    """The file is neither bulk NDJSON, nor published test cases, nor CSV with the columns of `load --help`."""


@dataclass(frozen=True)
class Line:
    """One push. `number` is the line of the file it came from; `push` is None where the line could not be read."""

    number: int
    push: dict[str, Any] | None
    problem: str = ""
    original: str = ""


def read(path: Path) -> Iterator[Line]:
    """The pushes of a file, in its order, without holding it in memory. Raises UnknownFormat if none says what it is.

    A spreadsheet's marks are no obstacle: a byte order mark, quoted names of columns, empty lines before them.
    """
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        first = [line.strip() for line in itertools.islice(file, LOOKED_AT)]
        empty = next((number for number, line in enumerate(first) if line), len(first))
        file.seek(0)
        if {column.strip() for row in csv.reader(first[empty : empty + 1]) for column in row} >= NEEDED:
            yield from _csv(itertools.islice(file, empty, None), start=empty + 2)
        elif any(line.startswith("{") for line in first):
            yield from _json_lines(file)
        else:
            raise UnknownFormat


def _json_lines(file: Any) -> Iterator[Line]:
    for number, text in enumerate(file, start=1):
        text = text.strip()
        if not text:
            continue
        try:
            found = json.loads(text)
        except ValueError:
            yield Line(number, None, "not-json", text)
            continue
        if not isinstance(found, dict):
            yield Line(number, None, "not-an-object", text)
        elif "dates" in found:
            yield from _case(number, found, text)
        else:
            yield Line(number, found, original=text)


def _case(number: int, case: dict[str, Any], text: str) -> Iterator[Line]:
    """A published calculation (moj-release-dates): one push for each of its dates; each may register the person.

    These cases have no names; the prison number stands for one.
    """
    prison_number, dates = case.get("prison_number"), case["dates"]
    if not isinstance(prison_number, str) or not isinstance(dates, dict):
        yield Line(number, None, "not-a-case", text)
        return
    reason = "policy-change" if case.get("affected_by_sds40") else "first-calculation"
    for date_type, date in dates.items():
        push = _push(prison_number, date_type, date, "calculated", reason)
        push["name"] = {"family": "Testcase", "given": prison_number}
        push["date_of_birth"] = case.get("date_of_birth")
        yield Line(number, push, original=text)


def _csv(lines: Iterable[str], *, start: int) -> Iterator[Line]:
    for number, row in enumerate(csv.DictReader(lines), start=start):
        found = {name.strip(): (value or "").strip() for name, value in row.items() if isinstance(value, str) and name}
        original = ",".join(str(value) for value in row.values())
        push = _push(
            found.get("prison_number", ""),
            found.get("date_type", ""),
            found.get("date", ""),
            found.get("status") or "calculated",
            found.get("reason") or "first-calculation",
        )
        if found.get("family"):
            push["name"] = {"family": found["family"], "given": found.get("given", "")}
            push["date_of_birth"] = found.get("date_of_birth")
        yield Line(number, push, original=original)


def _push(prison_number: str, date_type: str, date: Any, status: str, reason: str) -> dict[str, Any]:
    return {
        "person": f"noms:{prison_number}",
        "date_type": date_type,
        "date": date,
        "status": status,
        "reason": reason,
        "identifiers": [{"scheme": "noms", "value": prison_number}],
    }
