"""What is known of one person's release, as one value: rows become it, rules turn it into another, it becomes rows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from contracts.codes import ChangeReason, CustodyStatus, DateStatus, DateType, GovernorDecision
from contracts.event import JsonObject
from release_notify.domain.address import Address
from release_notify.domain.day_of_release import Sentence


@dataclass(frozen=True)
class DateFact:
    """One date of one type as it was last pushed; `date` None once it was withdrawn.

    `version` grows with each change of this person's date of this type. `time` is `HH:MM`, local.
    """

    date_type: DateType
    date: date | None
    status: DateStatus
    reason: ChangeReason | None
    prison: str
    changed_at: datetime
    version: int
    time: str | None = None
    address: Address | None = None
    reporting: str | None = None
    sentence: Sentence | None = None
    withdrawal_reason: str | None = None


@dataclass(frozen=True)
class Custody:
    """The newest movement: `prison` None after a release."""

    custody_id: str
    status: CustodyStatus
    prison: str | None
    occurred_at: datetime


@dataclass(frozen=True)
class Decision:
    """The governor's decision about a release that was due on `due`; `date` is the day decided on."""

    decision: GovernorDecision
    due: date
    date: date
    reason: str
    member: str
    at: datetime


@dataclass(frozen=True)
class Release:
    """A person's present time in custody and what became of it; `offered` is what consent was last told of it.

    `version` counts what was offered, from 0. `confirmed_address` is the key of the address that was checked and found.
    """

    release_id: str
    prison: str
    opened_at: datetime
    version: int = 0
    offered: JsonObject | None = None
    released_on: date | None = None
    confirmed_address: str | None = None
    address_shared: bool = False
    decision: Decision | None = None
    plan: Mapping[str, date] = field(default_factory=dict)
    fired: frozenset[str] = frozenset()


@dataclass(frozen=True)
class State:
    """One person. `dates` holds the newest fact of each type, withdrawn ones too, whichever number it came under."""

    person_id: str
    custody: Custody | None = None
    pending: bool = False
    release: Release | None = None
    dates: Mapping[DateType, DateFact] = field(default_factory=dict)
    sequences: Mapping[tuple[str, DateType], int] = field(default_factory=dict)
