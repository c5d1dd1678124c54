"""A decision explains itself: verdict, ground, what was removed, what failed, and every fact it relied on.

Invariant: a permit names its whole ground and no reason, a refusal a reason and no ground; a consent stands behind a
decision if and only if consent is its basis; content goes with permits alone.
"""

from typing import ClassVar, Self

from pydantic import Field, model_validator

from contracts.codes import AgencyKind, Basis, Category, Effect, Purpose, Reason, Verdict
from contracts.event import EventData, Instant, JsonObject, Part
from contracts.topics import Topic


class NearMiss(Part):
    """A clause that might have permitted, and the condition that failed. Values are codes and instants, never names."""

    clause: str
    condition: str
    wanted: str
    was: str
    reason: Reason


class Decision(Part):
    """One share decided: one category about one person, from one agency to one other, for one purpose."""

    share_id: str
    recipient: str
    recipient_kind: AgencyKind
    purpose: Purpose | None
    verdict: Verdict
    basis: Basis | None
    agreement: str | None
    agreement_version: str | None
    clause: str | None
    also_permitted_by: tuple[str, ...] = ()
    consent_id: str | None = None
    """Set if and only if the basis is consent."""
    reason: Reason | None = None
    near_misses: tuple[NearMiss, ...] = ()
    fields_removed: tuple[str, ...] = ()
    policy_hash: str
    facts: dict[str, str] = Field(default_factory=dict)
    """The version of everything it relied on, by name."""
    content: JsonObject | None = None
    """What the recipient may see, already without the removed fields; None when refused."""
    source_sees_recipient: bool = False
    subject_to: str | None = None
    requested_by: str | None = None
    justification: str | None = None
    expires_at: Instant | None = None
    review_due_at: Instant | None = None
    ends: str | None = None
    """The live share that this decision ends."""
    effect: Effect | None = None
    """What the end does; set if and only if `ends` is."""
    decided_at: Instant

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        permitted = self.verdict is Verdict.PERMITTED
        ground = (self.basis, self.agreement, self.agreement_version, self.clause)
        if any((part is not None) is not permitted for part in ground):
            raise ValueError("basis, agreement, agreement_version and clause are set if and only if it is permitted")
        if (self.reason is None) is not permitted:
            raise ValueError("reason is set if and only if it is refused")
        if (self.consent_id is not None) is not (self.basis is Basis.CONSENT):
            raise ValueError("consent_id is set if and only if the basis is consent")
        if (self.ends is None) is not (self.effect is None):
            raise ValueError("ends and effect are set together")
        if self.content is not None and not permitted:
            raise ValueError("content goes with permits alone")
        return self


class OfferDecidedV1(EventData):
    """One offer was considered; `decisions` holds what is new (it may be empty), or a part of it.

    Parts are told where all together would be more than a message carries.
    """

    TYPE: ClassVar = "offer.decided.v1"
    TOPIC: ClassVar = Topic.CONSENT_EVENTS

    person_id: str
    offer_id: str
    source: str
    source_kind: AgencyKind
    category: Category
    subject_ref: str
    version: int
    type: str
    occurred_at: Instant
    decisions: tuple[Decision, ...]
    at: Instant


class DeniedShare(Part):
    share_id: str
    recipient: str


class ShareDeniedV1(EventData):
    """These shares are to be hidden at once. Keyed by its own id, so that nothing can hold it up; it can only hide."""

    TYPE: ClassVar = "share.denied.v1"
    TOPIC: ClassVar = Topic.SHARE_DENIALS
    KEY: ClassVar = "denial_id"

    denial_id: str
    person_id: str
    effect: Effect
    shares: tuple[DeniedShare, ...]
    at: Instant


EVENTS = (OfferDecidedV1, ShareDeniedV1)
