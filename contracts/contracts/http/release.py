"""HTTP bodies of release-notify (api.md, Prison). Dates are `YYYY-MM-DD`; stray spaces around them are forgiven."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from contracts.codes import ChangeReason, DateStatus, DateType, Direction, GovernorDecision, ReleaseFlag
from contracts.event import Instant, NearDay

ClockTime = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
Short = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Sequence = Annotated[int, Field(ge=0, le=2**62)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class ReleaseAddress(Body):
    """Where the person will live. `address` needs its lines."""

    kind: Literal["address", "no-fixed-abode", "approved-premises"]
    lines: Annotated[list[Short], Field(max_length=6)] | None = None
    postcode: Annotated[str, StringConstraints(strip_whitespace=True, max_length=10)] | None = None

    @model_validator(mode="after")
    def _complete(self) -> "ReleaseAddress":
        if self.kind == "address" and not self.lines:
            raise ValueError("an address has lines")
        if self.kind == "no-fixed-abode" and (self.lines or self.postcode):
            raise ValueError("no fixed abode has no address")
        return self


class SentenceBody(Body):
    """What day-of-release advice needs to know. `days_served` by the day of release, remand included."""

    kind: Literal["determinate", "indeterminate", "recall", "remand"]
    sentenced_at: NearDay
    days_served: Annotated[int, Field(ge=0, le=40_000)] | None = None
    under_18: bool | None = None


class ReleaseDateBody(Body):
    """`PUT /people/{person}/release-dates/{date_type}`: the whole of what the prison says about this date."""

    date: NearDay
    status: DateStatus
    reason: ChangeReason
    time: ClockTime | None = None
    release_address: ReleaseAddress | None = None
    reporting: Text | None = None
    sequence: Sequence | None = None
    sentence: SentenceBody | None = None


class WithdrawalBody(Body):
    """Remanded again, died, set aside, or entered in error."""

    reason_code: Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,59}$")]


class DayOfReleaseDecisionBody(Body):
    """`brought-forward` without a date takes the advised one."""

    decision: GovernorDecision
    date: NearDay | None = None
    reason: Text


class AddressCheckBody(Body):
    """`with`: who was asked."""

    result: Literal["confirmed", "not-confirmed"]
    checked_with: Annotated[Short | None, Field(alias="with")] = None


class EffectiveRelease(Body):
    """The date a person is to be released on, as the prison gave it."""

    release_date: date
    date_type: DateType
    status: DateStatus
    reason: ChangeReason | None = None
    time: str | None = None
    release_address: ReleaseAddress | None = None
    reporting: str | None = None


class ReleaseAnswer(Body):
    """The release of a person's present time in custody, with what follows from it today.

    `release_date`, `date_type` and `status` are those of `effective`; null while there is no release date.
    """

    release_id: str
    person_id: str
    version: int
    release_date: date | None = None
    date_type: DateType | None = None
    status: DateStatus | None = None
    effective: EffectiveRelease | None
    flags: list[ReleaseFlag]
    notice_working_days: int | None
    advised_date: date | None
    advised_reason: str | None = None
    mandatory: bool
    governor_decision: GovernorDecision | None = None
    licence_ends: date | None = None
    released_on: date | None = None
    prison: str


class PushAnswer(ReleaseAnswer):
    outcome: Literal["applied", "unchanged", "stale"]


class ReleaseDateAnswer(Body):
    """One date of one type."""

    date_type: DateType
    date: date
    status: DateStatus
    reason: ChangeReason | None = None
    time: str | None = None
    release_address: ReleaseAddress | None = None
    reporting: str | None = None
    sentence: SentenceBody | None = None
    prison: str
    changed_at: Instant


class ReleaseDates(Body):
    items: list[ReleaseDateAnswer]
    next: str | None


class DateMove(Body):
    """A date of one type as one change moved it."""

    date_type: DateType
    old_date: date | None
    new_date: date | None
    status: DateStatus
    reason: str | None = None


class ReleaseChange(Body):
    """One entry of the owner's history. `version` is null where the effective release stayed as it was."""

    change_id: str
    release_id: str
    version: int | None
    at: Instant
    cause: str
    prison: str
    member: str | None = None
    old_date: date | None
    new_date: date | None
    direction: Direction
    date_type: DateType | None = None
    status: DateStatus | None = None
    reason: ChangeReason | None = None
    notice_working_days: int | None = None
    flags: list[ReleaseFlag]
    dates: list[DateMove]


class ReleaseHistory(Body):
    items: list[ReleaseChange]
    next: str | None


class ComingRelease(Body):
    release_id: str
    person_id: str
    version: int
    release_date: date
    date_type: DateType
    status: DateStatus
    flags: list[ReleaseFlag]
    notice_working_days: int
    advised_date: date | None
    governor_decision: GovernorDecision | None = None


class ComingReleases(Body):
    items: list[ComingRelease]
    next: str | None


class WeekSummary(Body):
    """Releases of one week, Monday first."""

    week_starting: date
    releases: int
    flags: dict[ReleaseFlag, int]


class MoveSummary(Body):
    """How often dates moved: `notice` is a range of working days (`0`, `1-4`, `5-19`, `20+`, `none`)."""

    reason: ChangeReason | None
    direction: Direction
    notice: str
    count: int


class ReleaseSummary(Body):
    weeks: list[WeekSummary]
    moves: list[MoveSummary]
    decisions: dict[GovernorDecision, int]


class BatchLine(Body):
    """One line of a bulk request, its person resolved. The rest is as it came and is refused line by line.

    `after` is the version of the person's stream on caseload-events that the line relies on.
    """

    line: int
    person_id: Annotated[str, StringConstraints(min_length=1, max_length=60)]
    after: Annotated[int, Field(ge=0)] | None = None
    date_type: Any = None
    date: Any = None
    status: Any = None
    reason: Any = None
    sequence: Any = None


class BatchBody(Body):
    """`POST /v1/release-dates/batch` (between services). Consecutive lines of one person are one change."""

    lines: Annotated[list[BatchLine], Field(max_length=1000)]


class BatchResult(Body):
    line: int
    outcome: Literal["applied", "unchanged", "stale", "rejected"]
    release_id: str | None = None
    code: str | None = None
    detail: str | None = None


class BatchAnswer(Body):
    """One result per line, in order."""

    results: list[BatchResult]


class EventAnswer(Body):
    event_id: str
