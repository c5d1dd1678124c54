"""Screening requests: "is this person known to you?", and one of three words back (clause 4.6).

The question is a share of the category referral, of the type `screening.requested`; the answer one of the category
known-to-service. Events hold codes and opaque ids alone, and never the answer.
"""

from enum import StrEnum
from typing import ClassVar

from contracts.codes import AgencyKind
from contracts.content import Content, Text
from contracts.event import EventData, Instant
from contracts.topics import Topic


class ScreeningState(StrEnum):
    """Where the question stands, as one side may know it."""

    PENDING = "pending"
    """Nothing is decided yet."""
    AWAITING_CONSENT = "awaiting-consent"
    RECEIVED = "received"
    ANSWERED = "answered"


class ScreeningAnswer(StrEnum):
    """All that is said of a person who may be known to a service."""

    YES = "yes"
    NO = "no"
    CONTACT_US = "contact-us"


SCREENED_BY = frozenset({AgencyKind.MENTAL_HEALTH})
"""Kinds of agency that say whether a person is known to them."""
SCREENING = frozenset({AgencyKind.PROBATION, AgencyKind.POLICE, AgencyKind.YOUTH, AgencyKind.LIAISON_DIVERSION})
"""Kinds of agency whose gateways have the question. Whether one may have an answer is for the agreements to say."""

REQUESTED, ANSWERED = "screening.requested", "screening.answered"
"""What the feed items of the question and of its answer are called."""


class ScreeningRequestContent(Content):
    """The question, to the one who is asked."""

    screening_id: str
    asked_at: Instant
    reason: Text | None = None


class KnownToServiceContent(Content):
    """The whole answer. Health data."""

    answer: ScreeningAnswer


CONTENT: dict[str, type[Content]] = {REQUESTED: ScreeningRequestContent, ANSWERED: KnownToServiceContent}
"""The schema of what is offered, by the offer's type."""


class ScreeningStateChangedV1(EventData):
    """A question moved on, as the one who is asked has it. `from_state` is None when it was asked."""

    TYPE: ClassVar = "screening.state-changed.v1"
    TOPIC: ClassVar = Topic.REFERRAL_EVENTS

    person_id: str
    screening_id: str
    sender: str
    receiver: str
    from_state: ScreeningState | None
    to_state: ScreeningState
    at: Instant


EVENTS = (ScreeningStateChangedV1,)
