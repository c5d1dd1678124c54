"""Offers: "this is so about this person, version n". A fact without recipients; consent finds those."""

from typing import ClassVar

from contracts.codes import AgencyKind, Category
from contracts.event import MIB, EventData, Instant, JsonObject, Part
from contracts.topics import Topic


class Addressee(Part):
    """An agency, or every agency of a kind. Exactly one of the two is set."""

    agency: str | None = None
    kind: AgencyKind | None = None


class EmergencyAssertion(Part):
    """An emergency push: sent by a named member with a written justification (clause 9.1)."""

    member: str
    justification: str


class ReferralAssertion(Part):
    """The referral that an offer belongs to, as a fact of the decision (clauses 3.2, 4.1-4.6).

    `order_reference` is the order or licence condition that a statutory referral stands on; None for a voluntary one.
    `live` says whether its receiver is still its named receiver: once it is False, identity, release date and the
    referral itself go there no more. The answer (referral-status, engagement) still reaches its sender: a rejection
    is an answer too. On an offer of the sender's it follows what the sender may know, so that nobody learns of an
    answer from a share that ends.
    `screening` says that it only asks whether the person is known: it opens their identity to its receiver and nothing
    else, goes there only if the answer may come back, and its answer is for its sender alone.
    """

    referral_id: str
    sender: str
    receiver: str
    order_reference: str | None = None
    live: bool
    screening: bool = False


class OfferMadeV1(EventData):
    """The newest state of one subject. `content` None retracts it: its live shares end.

    `subject_ref` is an id minted by the owner that tells subjects and sources apart; `version` grows per subject_ref.
    `type` is what a feed item is called, without version (`release.date-changed`).

    Keyed by the subject: several owners write this topic, and each numbers its own streams, so a key that two use would
    make one owner's message look like one of another's that was seen before.
    """

    TYPE: ClassVar = "offer.made.v1"
    TOPIC: ClassVar = Topic.OFFERS
    KEY: ClassVar = "subject_ref"
    ID: ClassVar = "offer_id"
    MAX_BYTES: ClassVar = 8 * MIB

    offer_id: str
    person_id: str
    source: str
    category: Category
    subject_ref: str
    version: int
    type: str
    content: JsonObject | None
    occurred_at: Instant
    addressees: tuple[Addressee, ...] | None = None
    emergency: EmergencyAssertion | None = None
    referral: ReferralAssertion | None = None


EVENTS = (OfferMadeV1,)
