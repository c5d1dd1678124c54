"""HTTP bodies of consent (api.md): consents, withdrawals, objections, emergencies, reviews, agreements."""

from datetime import date, datetime
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from contracts.codes import AgencyKind, Category, Purpose
from contracts.event import Day, Instant
from contracts.http.caseload import AgencyId, Body, LongText, ShortText
from contracts.http.gateway import Route

ReviewOutcome = Literal["justified", "not-justified"]
How = Literal["written", "verbal-witnessed", "electronic"]
GivenBy = Literal["person", "parent", "attorney"]
ConsentState = Literal["in-force", "withdrawn", "expired", "superseded"]
Justification = Annotated[str, StringConstraints(min_length=20, max_length=4000, strip_whitespace=True)]


Moment = Instant | Day
"""An instant with its offset, or a bare day: its beginning in England and Wales."""

Categories = Annotated[list[Category], Field(min_length=1, max_length=len(Category))]
Purposes = Annotated[list[Purpose], Field(min_length=1, max_length=len(Purpose))]


class RecipientBody(Body):
    """An agency, or every agency of a kind."""

    agency: AgencyId | None = None
    kind: AgencyKind | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.agency is None) is (self.kind is None):
            raise ValueError("exactly one of agency and kind")
        return self


Recipients = Annotated[list[RecipientBody], Field(min_length=1, max_length=100)]


class StatementBody(Body):
    """What the person was told. The statement `mental-health-treatment-requirement` needs a written consent."""

    id: ShortText
    version: Annotated[str, StringConstraints(min_length=1, max_length=40)]


class ConsentBody(Body):
    """A person's yes or no. `given_at` is when they said so; absent, it is now, or `valid_from` if that is past."""

    decision: Literal["given", "refused"]
    categories: Categories
    recipients: Recipients
    purposes: Purposes
    given_at: Instant | None = None
    valid_from: Moment | None = None
    valid_until: Moment
    how: How
    given_by: GivenBy
    has_capacity: bool
    interpreter: bool | ShortText | None = None
    statement: StatementBody
    evidence_ref: ShortText | None = None


class ConsentAnswer(Body):
    """A consent as the caller may see it: whole to who recorded it, the caller's own part to who relies on it."""

    consent_id: str
    state: ConsentState
    decision: Literal["given", "refused"]
    categories: list[Category]
    recipients: list[RecipientBody]
    purposes: list[Purpose]
    given_at: datetime
    valid_from: datetime
    valid_until: datetime
    how: How
    given_by: GivenBy
    has_capacity: bool
    interpreter: str | None = None
    statement: StatementBody
    evidence_ref: str | None = None
    recorded_by: str | None = None
    recorded_at: datetime | None = None
    flagged: list[str] | None = None


class ConsentList(Body):
    items: list[ConsentAnswer]
    next: str | None = None


class WithdrawalBody(Body):
    """What is withdrawn; nothing named means everything. No reason is asked for."""

    recipients: Recipients | None = None
    categories: Categories | None = None


class EmptyBody(Body):
    """Nothing to say."""


class WithdrawalAnswer(Body):
    """From `withdrawn_at` no decision relies on what was withdrawn; what there was is not said."""

    withdrawn_at: datetime


class ObjectionBody(Body):
    """An objection to statutory clauses that yield to one; what is not named is all of it.

    It has a consent's shape and is a person's no, whether `decision` says that the objection is given or that sharing
    is refused: to turn one of the two away would go on sharing what somebody objected to.
    """

    decision: Literal["given", "refused"] | None = None
    categories: Categories | None = None
    recipients: Recipients | None = None
    purposes: Purposes | None = None
    given_at: Instant | None = None
    valid_from: Moment | None = None
    valid_until: Moment | None = None
    how: How | None = None
    given_by: GivenBy | None = None
    has_capacity: bool | None = None
    interpreter: bool | ShortText | None = None
    statement: StatementBody | None = None
    evidence_ref: ShortText | None = None


class ObjectionAnswer(Body):
    """An objection as it was recorded; what it does not name is all of it."""

    objection_id: str
    state: Literal["in-force"]
    categories: list[Category] | None = None
    recipients: list[RecipientBody] | None = None
    purposes: list[Purpose] | None = None
    valid_from: datetime
    valid_until: datetime | None = None


class EmergencyRequestBody(Body):
    """An emergency pull by a named member: one category, from one agency or any."""

    person: ShortText
    source: AgencyId | None = Field(default=None, alias="from")
    category: Category
    justification: Justification


class EmergencyRequestAnswer(Body):
    request_id: str
    expires_at: datetime
    review_due_at: datetime


class EmergencyRequestItem(EmergencyRequestAnswer):
    person_id: str
    source: str | None = Field(default=None, serialization_alias="from")
    category: Category
    justification: str
    member: str
    requested_at: datetime


class EmergencyRequestList(Body):
    items: list[EmergencyRequestItem]
    next: str | None = None


class ReviewItem(Body):
    """An emergency share to be reviewed."""

    share_id: str
    justification: str
    member: str
    due_at: datetime
    category: Category
    source: str
    recipient: str
    overdue: bool


class ReviewList(Body):
    items: list[ReviewItem]
    next: str | None = None


class ReviewBody(Body):
    outcome: ReviewOutcome
    comment: LongText


class ReviewAnswer(Body):
    review_id: str
    share_id: str
    outcome: ReviewOutcome
    reviewed_at: datetime


class RoutesAnswer(Body):
    """`GET /me`: what agreements in force let this agency receive and send in general."""

    may_receive: list[Route]
    may_send: list[Route]


class SuspensionBody(Body):
    """Why; names no person."""

    reason: ShortText | None = None


class SuspensionAnswer(Body):
    agency: str
    suspended: bool


class RestrictionBody(Body):
    """Nothing of a restricted person is shared."""

    restricted: bool


class AgreementSummary(Body):
    agreement: str
    version: str
    title: str
    valid_from: date
    valid_until: date
    document_hash: str
    policy_hash: str
    in_force: bool
    published_at: datetime


class AgreementList(Body):
    items: list[AgreementSummary]


class BreachAnswer(Body):
    clause: str
    sentence: str


class AgreementCheck(Body):
    """What an agreement would be refused for; empty if it may be published."""

    agreement: str
    version: str
    document_hash: str
    breaches: list[BreachAnswer]


class PublishAnswer(Body):
    agreement: str
    version: str
    document_hash: str
    policy_hash: str
    published: bool
    """False if this version was in force already."""


class ReplayAnswer(Body):
    """Whether the decision, taken again on what it was taken on, gives the same bytes."""

    share_id: str
    same: bool
    verdict: str
    now: str
