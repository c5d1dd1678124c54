"""A line of a bulk request: a push, or the code of the one rule it breaks. Stray spaces are forgiven, nothing else."""

from dataclasses import dataclass, replace
from datetime import date as Day
from enum import StrEnum
from typing import TypeVar

from contracts.codes import ChangeReason, DateStatus, DateType
from contracts.event import iso_date
from release_notify.domain.changes import Push, present
from release_notify.domain.state import State

MAX_SEQUENCE = 2**62

Word = TypeVar("Word", bound=StrEnum)


@dataclass(frozen=True)
class Refused:
    """Names the field and its rule, and never what was sent."""

    code: str
    detail: str


class _Broken(Exception):
    def __init__(self, code: str, detail: str) -> None:
        self.refused = Refused(code, detail)


def read_line(*, date_type: object, date: object, status: object, reason: object, sequence: object) -> Push | Refused:
    """What a line says, if it can be read."""
    try:
        return Push(
            date_type=_word(DateType, date_type, "date_type"),
            date=_date(date),
            status=_word(DateStatus, status, "status"),
            reason=_word(ChangeReason, reason, "reason"),
            sequence=_sequence(sequence),
        )
    except _Broken as broken:
        return broken.refused


def keeping(state: State, said: Push) -> Push:
    """A line says nothing of time, address, reporting and sentence: what is known of them stays."""
    known = present(state, said.date_type)
    if known is None:
        return said
    return replace(said, time=known.time, address=known.address, reporting=known.reporting, sentence=known.sentence)


def _word(words: type[Word], value: object, field: str) -> Word:
    try:
        return words(value.strip() if isinstance(value, str) else "")
    except ValueError:
        raise _Broken(f"unknown-{field.replace('_', '-')}", f"{field} is not one of the published words") from None


def _date(value: object) -> Day:
    try:
        return iso_date(value)
    except ValueError:
        raise _Broken("malformed-date", "date is not a calendar date YYYY-MM-DD") from None


def _sequence(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_SEQUENCE:
        raise _Broken("malformed-sequence", "sequence is not a whole number from 0")
    return value
