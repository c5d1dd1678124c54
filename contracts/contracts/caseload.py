"""Events of caseload: who a person is to which agency. Identifiers in events are opaque ids."""

from datetime import date
from typing import ClassVar, Literal

from contracts.codes import AgencyKind, CustodyStatus, ErasureReason, InvolvementState
from contracts.event import EventData, Instant, Part
from contracts.topics import Topic

EVERY_PRISON = "*"
"""The code of the national feed: it may speak for every prison and holds nobody itself."""


class AgencyCodes(Part):
    ods: str | None = None
    mdi: str | None = None
    """A prison's code, or EVERY_PRISON."""


class AgencyContact(Part):
    """The single point of contact: a desk that is always there, not whoever sits at it."""

    name: str
    email: str | None = None
    telephone: str | None = None


class Agency(Part):
    """One agency of the register (deploy/agencies)."""

    id: str
    kind: AgencyKind
    name: str
    area: str
    nhs_body: bool = False
    codes: AgencyCodes = AgencyCodes()
    contracted_by: str | None = None
    contact: AgencyContact | None = None


class CaseloadEvent(EventData):
    TOPIC: ClassVar = Topic.CASELOAD_EVENTS


class AgencyRegisteredV1(CaseloadEvent):
    """An agency was added to the register, or its entry changed."""

    TYPE: ClassVar = "agency.registered.v1"
    KEY: ClassVar = "agency_id"

    agency_id: str
    agency: Agency
    at: Instant


class InvolvementChangedV1(CaseloadEvent):
    """An agency's legitimate relationship with a person opened, changed state or ended. Carries the whole new state."""

    TYPE: ClassVar = "involvement.changed.v1"

    person_id: str
    involvement_id: str
    agency: str
    state: InvolvementState
    roles: tuple[str, ...]
    lead: bool = False
    since: Instant
    until: Instant | None = None
    via: Literal[
        "registration", "claim", "custody", "confirmation", "transfer", "movement", "merge", "expiry", "referral"
    ]
    confirmed_by: str | None = None
    claimed_by: str | None = None
    """The member of staff who claimed it, where the token named one."""
    at: Instant


class CustodyChangedV1(CaseloadEvent):
    """Where a person is held, after a movement or a registration that opened custody. `custody_id` names the present
    time in custody: transfers keep it."""

    TYPE: ClassVar = "custody.changed.v1"

    person_id: str
    movement_id: str
    custody_id: str
    status: CustodyStatus
    prison: str | None
    """The agency that holds custody now; None after a release."""
    previous_prison: str | None = None
    occurred_at: Instant
    moved_at: Instant | None = None
    """When the newest movement was; absent while a registration is all that is known."""
    at: Instant


class MappaChangedV1(CaseloadEvent):
    """Whether a person is managed under MAPPA (Criminal Justice Act 2003 s.325)."""

    TYPE: ClassVar = "mappa.changed.v1"

    person_id: str
    agency: str
    managed: bool
    level: Literal[1, 2, 3] | None = None
    category: Literal[1, 2, 3, 4] | None = None
    until: date | None = None
    at: Instant


class PersonMergedV1(CaseloadEvent):
    """Two records were found to be one person. Everything of the removed one moves to the kept one."""

    TYPE: ClassVar = "person.merged.v1"
    KEY: ClassVar = "kept_id"

    merge_id: str
    kept_id: str
    removed_id: str
    at: Instant
    """Later than any merge or undoing of either record before: of those heard of in a wrong order the latest holds."""


class PersonUnmergedV1(CaseloadEvent):
    """A merge was undone: what was recorded under the removed id goes back to it."""

    TYPE: ClassVar = "person.unmerged.v1"
    KEY: ClassVar = "kept_id"

    merge_id: str
    kept_id: str
    removed_id: str
    at: Instant
    """As of a merge."""


class PersonErasedV1(CaseloadEvent):
    """A person was erased: whoever keeps anything about these ids deletes it, and takes nothing in about them again."""

    TYPE: ClassVar = "person.erased.v1"

    person_id: str
    person_ids: tuple[str, ...]
    """The person's id and every id that was merged into it."""
    once_with: tuple[str, ...] = ()
    """Others with whom a merge, since undone, made them one: what was noted of those then may speak of this person."""
    erasure_id: str
    reason: ErasureReason
    by: str
    member: str | None = None
    """The operator's member of staff, where the token named one."""
    at: Instant


EVENTS = (
    AgencyRegisteredV1,
    InvolvementChangedV1,
    CustodyChangedV1,
    MappaChangedV1,
    PersonMergedV1,
    PersonUnmergedV1,
    PersonErasedV1,
)
