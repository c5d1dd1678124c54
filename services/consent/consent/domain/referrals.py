"""Which referral a share is about, and who stands where in it. Pure; a referral that nobody asserts meets nothing.

An offer of a referral goes from its sender to its receiver, an answer back. What else the receiver gets because of it
(who the person is, when they are released) belongs to a live referral that names the receiver. It comes from the
sender, or from whoever holds it if the sender may have it too: a referral hands on, and opens nothing (ADR 0017).

A screening request is a referral that only asks whether the person is known: it tells its receiver who they are, and
opens nothing else to it.
"""

from collections.abc import Callable
from dataclasses import replace

from consent.domain.facts import AgencyFact, OfferFacts, Question, Referral
from contracts.codes import AgencyKind, Category, InvolvementState

FROM_ANYBODY = frozenset({Category.RELEASE_DATE})
"""What a sender may hand on from whoever holds it. Of everything else, what the prison holds."""

CUSTODY = "custody"
"""The role in which a prison holds a person."""

Has = Callable[[Referral], bool]
"""Whether a referral's sender may itself have what is offered."""


def named(question: Question, has: Has) -> tuple[Referral, ...]:
    """The live referrals that name the recipient as their receiver and of which this offer may be a part."""
    offer = question.offer
    if offer.category == Category.REFERRAL:
        own = (offer.referral,) if offer.referral else ()
        return tuple(each for each in own if each.sender.id == offer.source.id and _reaches(each, question))
    here = (each for each in question.person.referrals if _reaches(each, question))
    return tuple(each for each in here if gives(each, offer, has))


def to_recipient(question: Question) -> tuple[Referral, ...]:
    """The live referrals that name the recipient, whoever made them. To be asked about somebody is no care of them."""
    return tuple(
        referral
        for referral in question.person.referrals
        if referral.receiver == question.recipient.id and not referral.screening
    )


def answered(question: Question) -> Referral | None:
    """The referral that this is an answer to: its receiver gives it, and its sender is to get it."""
    referral, offer = question.offer.referral, question.offer
    if referral is None or offer.category == Category.REFERRAL:
        return None
    ends = referral.receiver == offer.source.id and referral.sender.id == question.recipient.id
    return referral if ends else None


def between_its_ends(question: Question, *, ordered: bool) -> bool:
    """Whether source and recipient are the two ends of the referral that this belongs to.

    What stands on an order (`ordered`) belongs to the referral under that order: a source that has an own one without
    an order is not to learn of it.
    """
    own = named(question, lambda _another: False)
    return answered(question) is not None or any(referral.ordered or not ordered for referral in own)


def itself(referral: Referral, receiver: AgencyFact, question: Question) -> Question:
    """The question on what the referral came: may its receiver have it from its sender, as if it were made now?"""
    offer = OfferFacts(
        source=referral.sender,
        category=Category.REFERRAL,
        version=question.offer.version,
        fields=(),
        addressees=(receiver.id,),
        referral=replace(referral, live=True),
    )
    return Question(offer, receiver, question.person, question.now)


def screened(screening: Referral, question: Question) -> Question:
    """The question on the answer to a screening request: may its sender have it from its receiver, if it came now?"""
    offer = OfferFacts(
        source=question.recipient,
        category=Category.KNOWN_TO_SERVICE,
        version=question.offer.version,
        fields=("answer",),
        addressees=(screening.sender.id,),
        referral=screening,
    )
    return Question(offer, screening.sender, question.person, question.now)


def held(referral: Referral, question: Question) -> bool:
    """Whether a prison made the referral while it held the person, and another prison speaks for it since."""
    sender = referral.sender
    if sender.suspended or {sender.kind, question.offer.source.kind} != {AgencyKind.PRISON}:
        return False
    return any(
        item.agency == sender.id and CUSTODY in item.roles and item.state == InvolvementState.ENDED
        for item in question.person.involvements
    )


def to_sender(referral: Referral, question: Question) -> Question:
    """The question whether a referral's sender may itself have this: because its source referred to it, perhaps, but by
    nobody else's referral, so that no two open one to the other."""
    by_source = tuple(each for each in question.person.referrals if each.sender.id == question.offer.source.id)
    return Question(question.offer, referral.sender, replace(question.person, referrals=by_source), question.now)


def gives(referral: Referral, offer: OfferFacts, has: Has) -> bool:
    """Whether a referral's receiver may get this because of it, and from this source."""
    return may_give(referral, offer) and (referral.sender.id == offer.source.id or has(referral))


def may_give(referral: Referral, offer: OfferFacts) -> bool:
    """Whether this is something that comes with a referral at all."""
    if referral.screening and offer.category != Category.IDENTITY:
        return False
    return (
        offer.category in FROM_ANYBODY
        or referral.sender.id == offer.source.id
        or offer.source.kind == AgencyKind.PRISON
    )


def _reaches(referral: Referral, question: Question) -> bool:
    return referral.live and referral.receiver == question.recipient.id
