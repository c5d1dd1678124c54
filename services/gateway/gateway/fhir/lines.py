"""A referral's reason is text for people. Codes, times and numbers of a message are kept in it, a line each, so that
they can be read by people and read back: `Category: For Validation [system|code]`.

Invariant: `read(write(entries)) == entries` for entries whose words hold no line break and no bracket.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

CATEGORY = "Category"
CODE = "Code"
REASON = "Reason"
OBSERVATION = "Observation"
REFERENCE = "Reference"
CLAIMED = "Number that fails its check"
WHEN = "When"
WORDS = "Words"
_ROLES = "|".join((CATEGORY, CODE, REASON, OBSERVATION, REFERENCE, CLAIMED))
_CODED = re.compile(rf"(?:({_ROLES}): )?(.*?) ?\[([^|\[\]]*)\|([^|\[\]]+)\]")
_WHEN = re.compile(rf"{WHEN}: (\S*) to (\S*)")


@dataclass(frozen=True, slots=True)
class Entry:
    """`role` is one of the words above. Coded: `words [system|code]`; `When`: from `system` until `code`."""

    role: str
    words: str = ""
    system: str = ""
    code: str = ""


def write(entries: Iterable[Entry]) -> str:
    """One line each, in order, each line once."""
    return "\n".join(dict.fromkeys(line for entry in entries if (line := _line(entry))))


def read(text: str) -> list[Entry]:
    """What stands in the lines; a line in no known form is words."""
    return [_entry(line) for line in text.splitlines() if line.strip()]


def _line(entry: Entry) -> str:
    if entry.role == WORDS:
        return " ".join(entry.words.split())
    if entry.role == WHEN:
        return f"{WHEN}: {entry.system} to {entry.code}"
    words = " ".join(re.sub(r"[\[\]]", " ", entry.words).split())
    return f"{entry.role}: {words} [{entry.system}|{entry.code}]".replace(":  [", ": [")


def _entry(line: str) -> Entry:
    if found := _WHEN.fullmatch(line):
        return Entry(WHEN, "", found[1], found[2])
    if found := _CODED.fullmatch(line):
        return Entry(found[1] or REASON, found[2], found[3], found[4])
    return Entry(WORDS, line)
