"""Events of release-notify: the owner's history of a person's release."""

from datetime import date
from typing import ClassVar

from contracts.codes import ChangeReason, DateType, Direction, GovernorDecision, ReleaseFlag
from contracts.event import EventData, Instant
from contracts.topics import Topic


class ReleaseEvent(EventData):
    TOPIC: ClassVar = Topic.RELEASE_EVENTS


class ReleaseDateChangedV1(ReleaseEvent):
    """The effective release of a person changed; `version` grows by one with each."""

    TYPE: ClassVar = "release.date-changed.v1"

    person_id: str
    release_id: str
    version: int
    date_type: DateType | None
    old_date: date | None
    new_date: date | None
    direction: Direction
    notice_working_days: int | None
    flags: tuple[ReleaseFlag, ...]
    reason: ChangeReason | None
    prison: str
    at: Instant


class ReleaseMilestoneReachedV1(ReleaseEvent):
    """A day before or after a release, or before a licence ends, has come. Fires once per milestone of a release."""

    TYPE: ClassVar = "release.milestone-reached.v1"

    person_id: str
    release_id: str
    milestone: str
    release_date: date
    due_on: date
    at: Instant


class DayOfReleaseDecidedV1(ReleaseEvent):
    """The governor's decision about the day of release (Offenders (Day of Release from Detention) Act 2023)."""

    TYPE: ClassVar = "release.day-of-release-decided.v1"

    person_id: str
    release_id: str
    decision: GovernorDecision
    date: date | None
    at: Instant


EVENTS = (ReleaseDateChangedV1, ReleaseMilestoneReachedV1, DayOfReleaseDecidedV1)
