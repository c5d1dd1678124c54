"""HTTP bodies of caseload (api.md). What an agency is answered holds only what that agency gave itself."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contracts.caseload import Agency, AgencyContact
from contracts.codes import AgencyKind, CustodyStatus, InvolvementState, Scheme, WarningRisk
from contracts.content import PersonName
from contracts.event import Day, Instant

LONGEST_REFERENCE = 60
Reference = Annotated[str, StringConstraints(min_length=3, max_length=LONGEST_REFERENCE)]
"""A person: an opaque id, or `scheme:value`."""
ShortText = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
LongText = Annotated[str, StringConstraints(min_length=1, max_length=4000, strip_whitespace=True)]
AgencyId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=60)]
Role = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=40)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class IdentifierBody(Body):
    scheme: Scheme
    value: Annotated[str, StringConstraints(min_length=1, max_length=40)]


class NameBody(Body):
    family: Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"\S")]
    given: Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"\S")]


class UnidentifiedBody(Body):
    """`POST /people`: somebody of whom no identifier is known. For the gateway's messages; agencies name a person."""

    name: NameBody
    date_of_birth: Day
    sex: Literal["female", "male", "other", "not-known"] | None = None


class RegistrationBody(UnidentifiedBody):
    """`PUT /people/{person}`: register or complete. Identifiers add to those given before; the rest replaces it."""

    identifiers: Annotated[list[IdentifierBody], Field(max_length=20)] = []
    languages: Annotated[list[ShortText], Field(max_length=20)] | None = None


class IdentifierAnswer(Body):
    scheme: Scheme
    value: str


class RegistrationAnswer(Body):
    """What this agency gave, in canonical form."""

    person_id: str
    identifiers: list[IdentifierAnswer]
    name: PersonName
    date_of_birth: Day
    sex: str | None = None
    languages: list[str] | None = None


class LookupBody(Body):
    """`POST /people/lookup`."""

    identifier: IdentifierBody


class LookupAnswer(Body):
    person_id: str


class ResolveBody(Body):
    """`POST /people/resolve`: up to 1,000 references, answered in order."""

    people: Annotated[list[Reference], Field(min_length=1, max_length=1000)]


class ResolvedPerson(Body):
    """`version` is the person's stream version on caseload-events (for Throughgate-After)."""

    person_id: str
    version: int
    known_as: Literal["registered", "involved", "watched"]
    """How the caller knows the person: by its own registration (or, of a prison, a movement into or out of it), by a
    live involvement, or as auditor, operator or national prison feed."""
    merged: list[str] = []
    """Ids that were merged into this person: what was recorded under them is about this person too."""


class ResolveAnswer(Body):
    """None for a person that does not exist, is not the caller's to see, or whose reference is malformed."""

    items: list[ResolvedPerson | None]


class BulkRegistration(Body):
    """One line: a reference and, where the person may be unknown, who it is. A date of birth that is none is the
    line's own fault and no other's, and so is judged with it."""

    person: Reference
    identifiers: Annotated[list[IdentifierBody], Field(max_length=20)] | None = None
    name: NameBody | None = None
    date_of_birth: Any = None


class BulkRegistrationsBody(Body):
    """`POST /people/bulk-registrations`: up to 1,000 lines, answered in order. A bad line stops no other."""

    people: Annotated[list[BulkRegistration], Field(min_length=1, max_length=1000)]


class BulkRegistered(Body):
    """Either `person_id` and `version`, or `code` and `detail` of the refusal."""

    person_id: str | None = None
    version: int | None = None
    code: str | None = None
    detail: str | None = None


class BulkRegistrationsAnswer(Body):
    items: list[BulkRegistered]


class InvolvementBody(Body):
    """`PUT /people/{person}/involvement[/{agency}]`."""

    roles: Annotated[list[Role], Field(min_length=1, max_length=10)]
    lead: bool = False
    reason: LongText | None = None
    reference: ShortText | None = None
    until: Instant | None = None


class InvolvementAnswer(Body):
    person_id: str
    state: InvolvementState
    roles: list[str]
    lead: bool
    reason: str | None = None
    reference: str | None = None
    since: Instant
    until: Instant | None = None


class ConfirmationAnswer(Body):
    """What the confirming agency said; nothing of what the other agency had claimed."""

    person_id: str
    agency: str
    state: InvolvementState
    roles: list[str]
    lead: bool
    until: Instant | None = None


class CustodyEventBody(Body):
    """`POST /people/{person}/custody-events`. `to_prison`: agency id or prison code, with `transferred` alone."""

    type: CustodyStatus
    at: Instant
    to_prison: Annotated[str, StringConstraints(min_length=3, max_length=60)] | None = None
    reason_code: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,40}$")] | None = None


class CustodyEventAnswer(Body):
    """`stale`: older than the last applied movement, kept and not applied."""

    movement_id: str
    outcome: Literal["applied", "stale"]


class HmppsEventAnswer(Body):
    event_id: str


class SectionAnswer(Body):
    category: str
    content: dict[str, Any]
    version: int
    updated_at: Instant


class AddresseeBody(Body):
    """An agency, or every agency of a kind: exactly one of the two."""

    agency: AgencyId | None = None
    kind: AgencyKind | None = None


class WarningBody(Body):
    """`POST /people/{person}/warnings`: an emergency push by a named member."""

    to: Annotated[list[AddresseeBody], Field(min_length=1, max_length=20)]
    risk: WarningRisk
    text: LongText
    justification: LongText


class WarningAnswer(Body):
    warning_id: str


class PersonListItem(Body):
    """`state`: the strongest live one; `release` is added by the gateway from the agency's view."""

    person_id: str
    roles: list[str]
    state: InvolvementState
    release: dict[str, Any] | None = None


class PersonList(Body):
    items: list[PersonListItem]
    next: str | None = None


class OwnCustody(Body):
    status: CustodyStatus
    at: Instant
    prison: str | None = None


class OwnSection(Body):
    content: dict[str, Any]
    version: int
    updated_at: Instant


class OwnWarning(Body):
    warning_id: str
    risk: WarningRisk
    text: str
    to: list[AddresseeBody]
    sent_at: Instant


class OwnFacts(Body):
    """`GET /people/{person}`: this agency's own facts about one person."""

    person_id: str
    version: int
    registration: RegistrationAnswer | None = None
    involvement: InvolvementAnswer | None = None
    custody: OwnCustody | None = None
    sections: dict[str, OwnSection] = {}
    warnings: list[OwnWarning] = []


class ContactBody(AgencyContact):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    name: ShortText
    email: ShortText | None = None
    telephone: ShortText | None = None


class LinkWorkerBody(Body):
    """Someone who works here; `parent_agency` is where they come from and remain."""

    name: ShortText
    role: ShortText
    parent_agency: AgencyId


class AgencyEntry(Agency):
    """An entry of the register, as in deploy/agencies and in `GET /agencies`."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    contact: ContactBody | None = None
    link_workers: tuple[LinkWorkerBody, ...] = ()
    members: tuple[LinkWorkerBody, ...] = ()


class AgencyList(Body):
    items: list[AgencyEntry]
    next: str | None = None
