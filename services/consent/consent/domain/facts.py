"""What a decision may rely on, each fact with its version. All frozen; instants are aware UTC; nothing here is content.

`None` in a scope (`categories`, `recipients`, `purposes`) means all. A fact that is not here is unknown, and what is
unknown never permits.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from contracts.codes import AgencyKind, Category, InvolvementState, Purpose


@dataclass(frozen=True, slots=True)
class AgencyFact:
    """One agency of the register. `contractor_kind` is the kind of the agency that holds its contract."""

    id: str
    kind: AgencyKind
    area: str
    nhs_body: bool = False
    contracted_by: str | None = None
    contractor_kind: AgencyKind | None = None
    suspended: bool = False


@dataclass(frozen=True, slots=True)
class Involvement:
    """A legitimate relationship that was noted; `until` is exclusive."""

    agency: str
    state: InvolvementState
    roles: tuple[str, ...]
    since: datetime
    until: datetime | None
    version: int


@dataclass(frozen=True, slots=True)
class Scope:
    """What a consent, withdrawal or objection is about. Recipients are agencies or kinds."""

    categories: tuple[Category, ...] | None = None
    agencies: tuple[str, ...] | None = None
    kinds: tuple[AgencyKind, ...] | None = None
    purposes: tuple[Purpose, ...] | None = None

    def covers(self, ground: "Ground") -> bool:
        if self.categories is not None and ground.category not in self.categories:
            return False
        if self.purposes is not None and ground.purpose not in self.purposes:
            return False
        if self.agencies is None and self.kinds is None:
            return True
        return ground.agency in (self.agencies or ()) or ground.kind in (self.kinds or ())


@dataclass(frozen=True, slots=True)
class Ground:
    """One point that a consent may cover: this category, to this agency, for this purpose."""

    category: Category
    agency: str
    kind: AgencyKind
    purpose: Purpose


@dataclass(frozen=True, slots=True)
class Consent:
    """A person's yes or no, given at `given_at`, valid in [valid_from, valid_until)."""

    id: str
    decision: Literal["given", "refused"]
    scope: Scope
    given_at: datetime
    valid_from: datetime
    valid_until: datetime
    recorded_by: str
    version: int


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Beats every consent given at or before `at` within its scope; with `consent_id`, that consent alone."""

    at: datetime
    scope: Scope
    consent_id: str | None
    version: int


@dataclass(frozen=True, slots=True)
class Objection:
    """Stops clauses marked `subject_to: objection` within its scope, in [valid_from, valid_until)."""

    id: str
    scope: Scope
    valid_from: datetime
    valid_until: datetime | None
    version: int


@dataclass(frozen=True, slots=True)
class Mappa:
    """Whether an agency says that the person is managed under MAPPA; `until` is the last day."""

    agency: str
    managed: bool
    until: date | None
    version: int


@dataclass(frozen=True, slots=True)
class EmergencyRequest:
    """A pull under vital interests: a named member of `agency` asked for one category, from one source or any."""

    id: str
    agency: str
    member: str
    category: Category
    source: str | None
    justification: str
    requested_at: datetime
    expires_at: datetime
    version: int
    unjustified: bool = False
    """A review found that it was not justified."""


@dataclass(frozen=True, slots=True)
class Referral:
    """A referral as its owner asserts it. `ordered` is whether an order or licence condition stands behind it;
    `screening` that it asks no more than whether the person is known."""

    id: str
    sender: AgencyFact
    receiver: str
    ordered: bool
    live: bool
    screening: bool = False


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """Everything known of one person. `version` grows with each change; `release_date` is the day as last offered.

    `referrals` are those that are live and offered now.
    """

    version: int
    restricted: bool = False
    release_date: date | None = None
    involvements: tuple[Involvement, ...] = ()
    consents: tuple[Consent, ...] = ()
    withdrawals: tuple[Withdrawal, ...] = ()
    objections: tuple[Objection, ...] = ()
    mappa: tuple[Mappa, ...] = ()
    requests: tuple[EmergencyRequest, ...] = ()
    referrals: tuple[Referral, ...] = ()


@dataclass(frozen=True, slots=True)
class Emergency:
    """An emergency push that the offer's owner asserts."""

    member: str
    justification: str


@dataclass(frozen=True, slots=True)
class OfferFacts:
    """What is offered: no content, only the dotted names of its fields (`name.family`, `identifiers.pnc`).

    `addressees` are agencies, already resolved from kinds; None where the offer is not addressed.
    """

    source: AgencyFact
    category: Category
    version: int
    fields: tuple[str, ...]
    addressees: tuple[str, ...] | None = None
    emergency: Emergency | None = None
    retracted: bool = False
    unjustified: tuple[str, ...] = ()
    """Recipients for whom a review found that an emergency share of this was not justified."""
    referral: Referral | None = None
    """The referral that this is, or is about."""


@dataclass(frozen=True, slots=True)
class Question:
    """May `recipient` receive this offer, on these facts, at `now`?"""

    offer: OfferFacts
    recipient: AgencyFact
    person: PersonFacts
    now: datetime
    stood_on: str | None = None
    """The clause that a live share of this stands on: if it is refused now, that clause's miss is the reason."""
