"""No permit after a withdrawal: by the order of the log, and by the clock of the client who was told so."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg

from tests.faults.races import Withdrawal
from tests.support.settled import owner_urls
from tests.support.stack import RunningStack

_ENTRIES = """
SELECT e.log_index, e.kind, e.leaf, d.detail FROM log_entry e LEFT JOIN log_detail d USING (log_index)
ORDER BY e.log_index
"""


@dataclass(frozen=True)
class Entry:
    """An entry of the log with what its detail still says."""

    index: int
    kind: str
    leaf: dict[str, Any]
    detail: dict[str, Any]

    @property
    def person(self) -> str:
        return str(self.detail.get("person_id"))


def entries(stack: RunningStack) -> list[Entry]:
    """The whole log, in order."""
    with psycopg.connect(owner_urls(stack)["audit"]) as connection:
        rows = connection.execute(_ENTRIES).fetchall()
    return [Entry(index, kind, json.loads(leaf), _object(detail)) for index, kind, leaf, detail in rows]


def _object(detail: Any) -> dict[str, Any]:
    return json.loads(detail) if isinstance(detail, str) else dict(detail or {})


def permits_after_withdrawal(log: Sequence[Entry]) -> Iterator[str]:
    """Permits on a consent that an earlier entry of the log withdrew. Merged persons' consents are one person's."""
    dead: dict[str, int] = {}
    standing: dict[str, set[str]] = {}
    for entry in log:
        if entry.kind == "merge" and "removed_id" in entry.detail:
            standing.setdefault(entry.person, set()).update(standing.pop(entry.detail["removed_id"], set()))
        elif entry.kind == "consent":
            standing.setdefault(entry.person, set()).add(entry.detail["consent_id"])
        elif entry.kind == "withdrawal":
            named = entry.detail.get("consent_id")
            for consent in {named} if named else standing.pop(entry.person, set()):
                dead.setdefault(consent, entry.index)
        elif entry.kind == "share" and entry.leaf["decision"] == "permitted":
            consent = entry.detail.get("consent_id")
            if consent in dead:
                yield f"entry {entry.index} permits on a consent that entry {dead[consent]} withdrew"


def permits_after_acknowledgement(log: Sequence[Entry], withdrawals: Sequence[Withdrawal]) -> Iterator[str]:
    """Permits decided, or appended behind the withdrawal, later than the client knew of it."""
    gone: dict[str, str] = {}
    for withdrawal in withdrawals:
        for consent in withdrawal.consents:
            at = withdrawal.acknowledged_at.isoformat()
            gone[consent] = min(at, gone.get(consent, at))
    for entry in log:
        if entry.kind == "share" and entry.leaf["decision"] == "permitted":
            told = gone.get(str(entry.detail.get("consent_id")))
            if told is not None and _utc(entry.leaf["decided_at"]) > _utc(told):
                yield f"entry {entry.index} was decided after its consent's withdrawal was acknowledged"


def _utc(instant: str) -> str:
    """Instants of the log and of the client, comparable as text."""
    return datetime.fromisoformat(instant).astimezone(UTC).isoformat(timespec="microseconds")


def mixed(log: Sequence[Entry]) -> Iterator[str]:
    """A consent is named if and only if it is the basis."""
    for entry in log:
        if entry.kind == "share" and entry.leaf["decision"] == "permitted":
            named, basis = entry.detail.get("consent_id"), entry.leaf["basis"]
            if (named is not None) != (basis == "consent"):
                yield f"entry {entry.index}: {basis}, and a consent {'is' if named else 'is not'} named"


def verdicts(log: Sequence[Entry], people: set[str]) -> Counter[str]:
    """Decisions about these people, by verdict."""
    return Counter(entry.leaf["decision"] for entry in log if entry.kind == "share" and entry.person in people)
