"""No permit after a withdrawal or objection that was acknowledged, or while suspended: by the clock of who was told."""

import json
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from tests.faults.race_operators import SUSPENDED, Suspension
from tests.faults.races import OBJECTED_TO, ON_CONSENT, Objection, Withdrawal
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

    @property
    def decided_at(self) -> datetime:
        """When a share was; of what somebody said, when it was recorded."""
        return datetime.fromisoformat(self.leaf["decided_at"])


def entries(stack: RunningStack) -> list[Entry]:
    """The whole log, in order."""
    with psycopg.connect(owner_urls(stack)["audit"]) as connection:
        rows = connection.execute(_ENTRIES).fetchall()
    return [Entry(index, kind, json.loads(leaf), _object(detail)) for index, kind, leaf, detail in rows]


def _object(detail: Any) -> dict[str, Any]:
    return json.loads(detail) if isinstance(detail, str) else dict(detail or {})


def acknowledged(withdrawals: Sequence[Withdrawal]) -> dict[str, datetime]:
    """When each consent's withdrawal was first known of by the client."""
    gone: dict[str, datetime] = {}
    for withdrawal in withdrawals:
        for consent in withdrawal.consents:
            at = withdrawal.acknowledged_at
            gone[consent] = min(at, gone.get(consent, at))
    return gone


def permits_after_acknowledgement(log: Sequence[Entry], withdrawals: Sequence[Withdrawal]) -> Iterator[str]:
    """Permits decided later than the client knew that their consent was withdrawn."""
    gone = acknowledged(withdrawals)
    for entry in log:
        if entry.kind == "share" and entry.leaf["decision"] == "permitted":
            told = gone.get(str(entry.detail.get("consent_id")))
            if told is not None and entry.decided_at > told:
                yield f"entry {entry.index} was decided after its consent's withdrawal was acknowledged"


def permits_after_objection(log: Sequence[Entry], objections: Sequence[Objection]) -> Iterator[str]:
    """Permits to whom somebody objected, decided later than the client knew that the objection counts."""
    told: dict[str, datetime] = {}
    for each in objections:
        told[each.person] = min(each.acknowledged_at, told.get(each.person, each.acknowledged_at))
    for entry in log:
        if entry.kind != "share" or entry.person not in told or entry.leaf["recipient"] != OBJECTED_TO:
            continue
        if entry.leaf["decision"] == "permitted" and entry.decided_at > told[entry.person]:
            yield f"entry {entry.index} permits what was objected to"


def withdrawn_shares(log: Sequence[Entry], withdrawals: Sequence[Withdrawal]) -> dict[str, datetime]:
    """Shares whose consent was withdrawn, and when the client knew of it."""
    gone = acknowledged(withdrawals)
    shares = ((entry.leaf["share_id"], entry.detail.get("consent_id")) for entry in log if entry.kind == "share")
    return {share: gone[consent] for share, consent in shares if consent in gone}


def decided_while_suspended(log: Sequence[Entry], suspensions: Sequence[Suspension]) -> Counter[str]:
    """Verdicts for the suspended agency between an acknowledged suspension and when its end was asked for; refusals by
    their reason."""
    found: Counter[str] = Counter()
    for entry in log:
        if entry.kind != "share" or entry.leaf["recipient"] != SUSPENDED:
            continue
        if any(each.acknowledged_at < entry.decided_at < each.until for each in suspensions):
            found[entry.leaf.get("reason") or entry.leaf["decision"]] += 1
    return found


def mixed(log: Sequence[Entry]) -> Iterator[str]:
    """A consent is named if and only if it is the basis."""
    for entry in log:
        if entry.kind == "share" and entry.leaf["decision"] == "permitted":
            named, basis = entry.detail.get("consent_id"), entry.leaf["basis"]
            if (named is not None) != (basis == "consent"):
                yield f"entry {entry.index}: {basis}, and a consent {'is' if named else 'is not'} named"


def verdicts(log: Sequence[Entry], people: Collection[str]) -> Counter[str]:
    """What was decided about these people on consent, for those who hear of them by nothing else."""
    about = [entry.leaf for entry in log if entry.kind == "share" and entry.person in people]
    return Counter(leaf["decision"] for leaf in about if leaf["recipient"] in ON_CONSENT and _of_consent(leaf))


def _of_consent(leaf: dict[str, Any]) -> bool:
    """Whether a consent is the basis, or the lack of one the reason."""
    return leaf.get("basis") == "consent" or str(leaf.get("reason")).startswith("consent-")
