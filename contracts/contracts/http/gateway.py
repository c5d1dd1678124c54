"""HTTP bodies that the gateways make themselves (api.md). What they forward has its owner's bodies.

Feed pages and views are joined from JSON kept ready; these models describe them, and tests hold the JSON to them.
"""

from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from contracts.codes import (
    AgencyKind,
    Basis,
    Category,
    Direction,
    Purpose,
    Reason,
    SubjectTo,
)
from contracts.event import Instant
from contracts.http.caseload import AgencyEntry, IdentifierBody, NameBody, Reference

OpaqueId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", max_length=100)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class SourceAgency(Body):
    agency: str
    kind: AgencyKind


class Change(Body):
    """Against what this agency was shown before, never the source's history."""

    previous_date: date | None
    direction: Direction


class Receipt(Body):
    """Where the share stands in the log."""

    log: str
    index: int
    leaf_hash: str


class FeedItem(Body):
    """One item. A withdrawn one has `withdrawn: true` and no content; a later item `withdraws` it and says so.

    That item is of type `withdrawn`, or shows the same on another ground or in other width. With `also_withdrawn` it
    names the older items of the same fact on the same basis, which are blank too, from now or from before.
    """

    cursor: str
    item_id: str
    share_id: str
    category: Category
    type: str
    person_id: str
    content: dict[str, Any] | None
    source: SourceAgency
    purpose: Purpose | None
    basis: Basis | None
    clause: str | None
    occurred_at: Instant | None
    available_at: Instant
    change: Change | None
    receipt: Receipt
    withdraws: str | None = None
    also_withdrawn: list[str] | None = None
    withdrawn: bool | None = None


class FeedPage(Body):
    """`next` is where to go on from, always present."""

    items: list[FeedItem]
    next: str


class AcknowledgementBody(Body):
    """Everything up to a cursor, or these items: exactly one of the two."""

    up_to: Annotated[str, StringConstraints(max_length=200)] | None = None
    items: Annotated[list[OpaqueId], Field(min_length=1, max_length=1000)] | None = None

    @model_validator(mode="after")
    def _one_of_the_two(self) -> Self:
        if (self.up_to is None) == (self.items is None):
            raise ValueError("exactly one of up_to and items")
        return self


class AcknowledgementAnswer(Body):
    """How many shares were not acknowledged before."""

    acknowledged: int


class Section(Body):
    """One section of a person's view: shared with this agency, or its `own`. `others` hold further ones."""

    content: dict[str, Any]
    own: bool | None = None
    share_id: str | None = None
    basis: Basis | None = None
    clause: str | None = None
    source: SourceAgency | None = None
    received_at: Instant | None = None
    change: Change | None = None
    others: list["Section"] | None = None


class PersonView(Body):
    """`GET /people/{person}`. A section is there only if it was shared with this agency or is its own."""

    person_id: str
    identity: Section | None = None
    release: Section | None = None
    custody_status: Section | None = None
    accommodation: Section | None = None
    caseload: Section | None = None
    risk_markers: Section | None = None
    licence_conditions: Section | None = None
    medication: Section | None = None
    known_to_service: Section | None = None
    warnings: list[Section]
    referrals: list[Section]
    engagement: list[Section]


class Route(Body):
    """A share that agreements in force allow, in general: whether it does for a person is decided each time."""

    category: Category
    from_kinds: list[AgencyKind] | None = None
    to_kinds: list[AgencyKind] | None = None
    purpose: Purpose
    basis: Basis
    clause: str
    subject_to: SubjectTo | None = None


class Me(Body):
    """`GET /me`."""

    agency: AgencyEntry
    may_receive: list[Route]
    may_send: list[Route]


class CodeEntry(Body):
    """Half-open: effective from `effective_from` until before `effective_until`."""

    code: str
    effective_from: date
    effective_until: date | None


class ReferenceSet(Body):
    """`GET /reference-data/{set}`."""

    set: str
    items: list[CodeEntry]
    next: str | None


class DeliveryLine(Body):
    """One recipient that the source may know of, and one version."""

    agency: str
    category: Category
    version: int
    state: Literal["refused", "recorded", "delivered", "acknowledged", "withdrawn"]
    reason: Reason | None = None
    clause: str | None = None
    at: Instant


class Deliveries(Body):
    """`GET /releases/{release_id}/deliveries`. `pending`: the newest version is not decided yet."""

    items: list[DeliveryLine]
    withheld: int
    pending: bool
    no_one_from: list[AgencyKind]


class OwnDisclosure(Body):
    """One share that this agency gave or got. `agency` is the other side."""

    direction: Literal["disclosed", "received"]
    share_id: str
    agency: str
    category: Category
    version: int
    state: Literal["refused", "recorded", "delivered", "acknowledged", "withdrawn"]
    basis: Basis | None = None
    clause: str | None = None
    reason: Reason | None = None
    at: Instant
    delivered_at: Instant | None = None
    acknowledged_at: Instant | None = None


class OwnDisclosures(Body):
    """`GET /people/{person}/disclosures`, for an agency's own data-protection officer.

    `withheld` counts recipients of its facts that it may not know of.
    """

    person_id: str
    items: list[OwnDisclosure]
    withheld: int
    next: str | None


class BulkLine(BaseModel):
    """One line of `POST /release-dates/bulk`. With the last three an unknown person is registered.

    What is said of the date (`ReleaseDateBody`'s fields) is judged by its owner, line by line.
    """

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    person: Reference
    date_type: Any = None
    date: Any = None
    status: Any = None
    reason: Any = None
    sequence: Any = None
    identifiers: Annotated[list[IdentifierBody], Field(max_length=20)] | None = None
    name: NameBody | None = None
    date_of_birth: Any = None


class BulkResult(Body):
    """One line of the answer, in the order of the lines; `line` counts from 1."""

    line: int
    outcome: Literal["applied", "unchanged", "stale", "rejected"]
    release_id: str | None = None
    code: str | None = None
    detail: str | None = None


class Reconciled(Body):
    """One recipient: permitted entries of the log against what its feed holds, both at the same size of the log.

    `missing` is permitted and not shown; anything but 0 is an alarm.
    """

    agency: str
    permitted: int
    live: int
    shown: int
    blanked: int
    missing: int


class Reconciliation(Body):
    """`GET /reconciliation`. `size` is the log's length that both sides speak of."""

    size: int
    items: list[Reconciled]
