"""Who is to be decided about, and what follows from the verdicts for shares that are live. Pure; ids come from outside.

A live permit stays while it may still show what it shows, on the basis that it names. A newer version's permit takes
an older one's place; a refusal ends it. A refusal that says nothing new is not said again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from consent.domain.facts import AgencyFact, OfferFacts, PersonFacts
from consent.domain.policy import PARTIES
from consent.domain.referrals import may_give
from contracts.codes import AgencyKind, Basis, Category, Effect, InvolvementState, Reason

WITHDRAWING = frozenset(
    {
        Reason.CONSENT_MISSING,
        Reason.CONSENT_REFUSED,
        Reason.CONSENT_WITHDRAWN,
        Reason.CONSENT_EXPIRED,
        Reason.CONSENT_DOES_NOT_COVER,
        Reason.OBJECTION,
        Reason.AGENCY_SUSPENDED,
        Reason.RESTRICTED_PERSON,
        Reason.PROHIBITED,
    }
)
"""Reasons for which what was shown is taken back; for the others the view is emptied and the feed stays, until the
consent on which it stood goes (`domain/lingering.py`)."""


@dataclass(frozen=True, slots=True)
class LiveShare:
    """A permit that has not ended. `digest` is of the content that it shows, `request_id` names the emergency request
    that it stands on. `elsewhere` it is told as another person's: as theirs whom this one was merged with."""

    id: str
    recipient: str
    offer_version: int
    clause: str
    basis: Basis
    digest: str
    request_id: str | None = None
    elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """The newest refusal of a subject to a recipient."""

    offer_version: int
    reason: Reason


@dataclass(frozen=True, slots=True)
class Given:
    """What one recipient was given of a subject. `ended` stood on consent and stayed in its feed, the latest first;
    `agreed` is whether a consent in force covers still what was given on one."""

    live: LiveShare | None = None
    ended: tuple[LiveShare, ...] = ()
    agreed: bool = True

    @property
    def latest(self) -> LiveShare | None:
        return self.live or next(iter(self.ended), None)

    @property
    def on_consent(self) -> LiveShare | None:
        """The latest that was given on consent and is in its feed."""
        if self.live is not None and self.live.basis is Basis.CONSENT:
            return self.live
        return next(iter(self.ended), None)

    def ended_by(self, step: "Next") -> LiveShare | None:
        """The share that this step says is ended."""
        return self.latest if step in ENDING else None


Next = Literal["keep", "permit", "replace", "rebase", "refuse", "end", "take-back", "silent"]
"""`replace` shows the same in another width or as the right person's, `rebase` on another basis what was given;
`take-back` ends once more, and for good, what had ended and stayed in the feed."""

ENDING = frozenset({"end", "replace", "rebase", "take-back"})


def concerned(
    offer: OfferFacts, person: PersonFacts, live: Iterable[LiveShare], register: Mapping[str, AgencyFact]
) -> tuple[str, ...]:
    """The agencies that get a decision about this offer, sorted; a kind named in a consent does not enlarge them."""
    found = {share.recipient for share in live}
    others = set(offer.addressees or ())
    others |= {item.agency for item in person.involvements if item.state != InvolvementState.ENDED}
    others |= {agency for consent in person.consents for agency in consent.scope.agencies or ()}
    others |= {
        request.agency
        for request in person.requests
        if request.category == offer.category and request.source in (None, offer.source.id)
    }
    others |= {each.receiver for each in person.referrals if not each.screening or may_give(each, offer)}
    if offer.referral is not None:
        others |= {offer.referral.sender.id, offer.referral.receiver}
    others.discard(offer.source.id)
    return tuple(sorted(found | {agency for agency in others if agency in register and _receives(register[agency])}))


def addressees(
    named: Iterable[Mapping[str, Any]] | None, source: AgencyFact, register: Mapping[str, AgencyFact]
) -> tuple[str, ...] | None:
    """The agencies that an offer is addressed to; a kind means its agencies in the sender's area."""
    if named is None:
        return None
    found = set()
    for one in named:
        if one.get("agency"):
            found.add(str(one["agency"]))
        elif one.get("kind") in set(AgencyKind):
            found |= {item.id for item in register.values() if item.kind == one["kind"] and item.area == source.area}
    return tuple(sorted(found - {source.id}))


def what_next(
    *,
    basis: Basis | None,
    clause: str | None,
    request_id: str | None,
    reason: Reason | None,
    version: int,
    digest: str,
    given: Given,
    refused: Refused | None,
) -> Next:
    """What a verdict about this version of an offer means, given what stands. `digest` is of what would be shown.

    On another basis it is another permit: what stood on consent or in an emergency is not called law, nor the reverse;
    and each emergency request has a share of its own, which is reviewed. What was given on consent does not stay beside
    what comes on another basis or by another clause, where no withdrawal would look for it any more. Nor does what is
    told as another person's.
    """
    live, before = given.live, given.latest
    if basis is not None:
        if live is not None and live.elsewhere:
            return "replace"
        if live is not None and live.offer_version == version:
            if live.digest != digest:
                return "replace"
            return "keep" if (live.basis, live.request_id) == (basis, request_id) else "rebase"
        if before is not None and before.basis is Basis.CONSENT and (before.basis, before.clause) != (basis, clause):
            return "rebase" if given.agreed else "replace"
        return "permit"
    if live is not None:
        return "end"
    if given.ended and not given.agreed:
        return "take-back"
    said = refused is not None and refused.offer_version == version and refused.reason == reason
    return "silent" if said else "refuse"


def effect_of(step: Next, reason: Reason | None, given: Given, *, unjustified: bool) -> Effect:
    """What the end of a share does to what its recipient was shown.

    What goes on being shown on another basis stays in the feed as it was, but for what stood on consent. So does what
    ends for another reason, but for what stood on a consent that is gone as well.
    """
    on_consent = given.latest is not None and given.latest.basis is Basis.CONSENT
    is_elsewhere = given.live is not None and given.live.elsewhere
    if step == "take-back" or is_elsewhere or (on_consent and not given.agreed):
        return Effect.WITHDRAW
    if step == "rebase" and not unjustified:
        return Effect.WITHDRAW if on_consent else Effect.END
    return Effect.WITHDRAW if reason is None or reason in WITHDRAWING or unjustified else Effect.END


def release_date_of(contents: Iterable[tuple[Category, Mapping[str, Any] | None]]) -> date | None:
    """The release date as last offered; None if there is none, or it is malformed."""
    for category, content in contents:
        if category == Category.RELEASE_DATE and content is not None:
            value = content.get("release_date")
            try:
                return date.fromisoformat(value) if isinstance(value, str) else None
            except ValueError:
                return None
    return None


def _receives(agency: AgencyFact) -> bool:
    return agency.kind in PARTIES
