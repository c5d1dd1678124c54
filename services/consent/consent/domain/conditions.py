"""The conditions a clause can put on the facts, as a table. A fact that is unknown does not meet its condition.

Conditions about a referral ask for what its owner asserts of it (`domain/referrals.py`). Whether it came to its
receiver at all, and whether its sender may have what it hands on, are decisions of their own: `Beside` takes them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from consent.domain.facts import AgencyFact, Consent, EmergencyRequest, Involvement, Mappa, Question, Referral
from consent.domain.policy import UK, midnight
from consent.domain.redaction import HEALTH_KINDS
from consent.domain.referrals import Has, answered, named, to_recipient
from contracts.agreement import Condition
from contracts.codes import AgencyKind, Category, InvolvementState, Reason

MINIMUM_JUSTIFICATION = 20
"""Characters; a shorter one justifies nothing."""

NOT_CARE = frozenset(
    {"custody", "offender-manager", "iom-team", "housing-officer", "youth-transition", "victim-liaison"}
)
"""Roles in which even an NHS body gives no care."""


@dataclass(frozen=True, slots=True)
class Missed:
    """What a condition wanted and what the fact was: codes and instants, never names."""

    condition: str
    wanted: str
    was: str
    reason: Reason = Reason.CONDITION_NOT_MET


@dataclass(frozen=True, slots=True)
class Beside:
    """The decisions that a condition about a referral waits for."""

    came: Callable[[Referral], Reason | None]
    """Why a live referral that names the recipient may not itself come to it now; None if it may, on whatever basis."""
    has: Has


Check = Callable[[Condition, Question, Beside], Missed | None]

ANOTHER_CASE = frozenset(
    {
        "recipient.contracted_by",
        "person.mappa",
        "agencies.kind",
        "offer.addressee",
        "emergency.push",
        "emergency.request",
        "referral.receiver",
        "referral.order_reference",
        "referral.id",
        "referral.basis",
        "screening.sender",
    }
)
"""Conditions without which a clause does not speak of the case at all."""


def missed(condition: Condition, question: Question, beside: Beside) -> Missed | None:
    """None if the condition is met. `chosen-authority` is judged with the consent (`not_chosen`)."""
    return CHECKS[condition.kind](condition, question, beside)


def not_chosen(consent: Consent, recipient: AgencyFact) -> Missed | None:
    """Whether the person chose this authority: the consent names the agency itself and not its kind alone."""
    if recipient.id in (consent.scope.agencies or ()):
        return None
    return Missed("consent.recipient", "names the authority", "names a kind")


def involvement_of(question: Question) -> Involvement | None:
    """The recipient's strongest involvement that is open now."""
    open_now = [
        involvement
        for involvement in question.person.involvements
        if involvement.agency == question.recipient.id
        and involvement.state != InvolvementState.ENDED
        and involvement.since <= question.now
        and (involvement.until is None or question.now < involvement.until)
    ]
    return max(open_now, key=lambda item: (item.state == InvolvementState.CONFIRMED, item.version), default=None)


def managed_by(question: Question) -> Mappa | None:
    """The fact that makes the person MAPPA-managed today, if any."""
    today = question.now.astimezone(UK).date()
    for mappa in question.person.mappa:
        if mappa.managed and (mappa.until is None or today <= mappa.until):
            return mappa
    return None


def request_for(question: Question) -> EmergencyRequest | None:
    """The recipient's emergency request for this that runs now, if any."""
    for request in question.person.requests:
        if (
            request.agency == question.recipient.id
            and request.category == question.offer.category
            and request.source in (None, question.offer.source.id)
            and request.requested_at <= question.now < request.expires_at
            and not request.unjustified
            and request.member
            and len(request.justification.strip()) >= MINIMUM_JUSTIFICATION
        ):
            return request
    return None


def homelessness_from(question: Question, days: int) -> datetime | None:
    """When the duty to refer begins: so many days before the release date as it was last offered."""
    release_date = question.person.release_date
    return None if release_date is None else midnight(release_date - timedelta(days=days))


def _contracted_by(condition: Condition, question: Question, _beside: Beside) -> Missed | None:
    kind = question.recipient.contractor_kind
    if question.recipient.contracted_by and kind in condition.kinds:
        return None
    return Missed("recipient.contracted_by", " or ".join(condition.kinds), str(kind or "nobody"))


def _not_contracted(condition: Condition, question: Question, _beside: Beside) -> Missed | None:
    recipient = question.recipient
    if recipient.kind != AgencyKind.PROVIDER or not recipient.contracted_by:
        return None
    if recipient.contractor_kind is not None and recipient.contractor_kind not in condition.kinds:
        return None
    return Missed("recipient.contracted_by", "nobody", str(recipient.contractor_kind or "unknown"))


def _mappa(_: Condition, question: Question, _beside: Beside) -> Missed | None:
    return None if managed_by(question) else Missed("person.mappa", "managed", "not managed")


def _near_homelessness(condition: Condition, question: Question, _beside: Beside) -> Missed | None:
    days = condition.days or 0
    begins = homelessness_from(question, days)
    if begins is None:
        return Missed("release.date", f"within {days} days", "unknown")
    return None if begins <= question.now else Missed("release.date", f"within {days} days", "further away")


def _care(_: Condition, question: Question, beside: Beside) -> Missed | None:
    """A confirmed involvement that gives care, or a live referral that came; one that was refused opens nothing."""
    involvement = involvement_of(question)
    if involvement and involvement.state == InvolvementState.CONFIRMED and set(involvement.roles) - NOT_CARE:
        return None
    referrals = () if question.offer.category == Category.REFERRAL else to_recipient(question)
    refusals = [beside.came(each) for each in referrals]
    if None in refusals:
        return None
    why = next((each for each in refusals if each), Reason.CONDITION_NOT_MET)
    return Missed("involvement.role", "confirmed care, or a live referral", _role_of(involvement), why)


def _role_of(involvement: Involvement | None) -> str:
    if involvement is None:
        return "none"
    return "no care role" if involvement.state == InvolvementState.CONFIRMED else str(involvement.state)


def _health_bodies(_: Condition, question: Question, _beside: Beside) -> Missed | None:
    if question.offer.source.kind in HEALTH_KINDS and question.recipient.kind in HEALTH_KINDS:
        return None
    return Missed("agencies.kind", "health bodies on both ends", "another")


def _addressee(_: Condition, question: Question, _beside: Beside) -> Missed | None:
    if question.recipient.id in (question.offer.addressees or ()):
        return None
    return Missed("offer.addressee", "the recipient", "none" if question.offer.addressees is None else "others")


def _push(_: Condition, question: Question, _beside: Beside) -> Missed | None:
    emergency = question.offer.emergency
    if emergency is None or not emergency.member or not emergency.justification.strip():
        return Missed("emergency.push", "named member and justification", "none")
    return _unjustified(question)


def _pull(_: Condition, question: Question, _beside: Beside) -> Missed | None:
    if request_for(question) is None:
        return Missed("emergency.request", "in force", "none")
    return _unjustified(question)


def _unjustified(question: Question) -> Missed | None:
    if question.recipient.id in question.offer.unjustified:
        return Missed("emergency.review", "justified or due", "not justified")
    return None


def _named_receiver(_: Condition, question: Question, beside: Beside) -> Missed | None:
    """A screening request that may not come itself opens nothing: who the person is would tell that it was made."""
    is_itself = question.offer.category == Category.REFERRAL
    found = named(question, beside.has)
    if any(is_itself or not each.screening or beside.came(each) is None for each in found):
        return None
    return Missed("referral.receiver", "the recipient of a live referral", "none")


def _order_reference(_: Condition, question: Question, beside: Beside) -> Missed | None:
    if any(referral.ordered for referral in named(question, beside.has)):
        return None
    return Missed("referral.order_reference", "given", "none")


def _same_referral(_: Condition, question: Question, beside: Beside) -> Missed | None:
    if answered(question) or (question.offer.category == Category.REFERRAL and named(question, beside.has)):
        return None
    return Missed("referral.id", "of these two agencies", "none")


def _referral_receiver(_: Condition, question: Question, _beside: Beside) -> Missed | None:
    referral = question.offer.referral
    if referral is not None and referral.receiver == question.offer.source.id:
        return None
    return Missed("referral.receiver", "the source", "another" if referral else "none")


def _with_the_consent(_condition: Condition, _question: Question, _beside: Beside) -> Missed | None:
    """Judged by `not_chosen`, once the consent is known."""
    return None


CHECKS: dict[str, Check] = {
    "contracted-by": _contracted_by,
    "not-contracted": _not_contracted,
    "mappa-managed": _mappa,
    "chosen-authority": _with_the_consent,
    "near-homelessness": _near_homelessness,
    "care-involvement-or-referral": _care,
    "health-bodies": _health_bodies,
    "named-receiver": _named_receiver,
    "order-reference": _order_reference,
    "same-referral": _same_referral,
    "referral-receiver": _referral_receiver,
    "named-addressee": _addressee,
    "emergency-push": _push,
    "emergency-request": _pull,
}
