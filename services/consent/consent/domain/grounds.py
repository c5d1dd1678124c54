"""Whether a person's word covers a ground now: the newest record that has begun speaks, and a withdrawal beats it.

A refusal counts from when it was given; a consent from `valid_from`. Records are ordered by when the person spoke
(`given_at`), not by when somebody typed it in, so that a merge or a late entry changes nothing that was withdrawn.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from consent.domain.facts import Consent, Ground, Objection, PersonFacts, Scope, Withdrawal
from contracts.codes import AgencyKind, Category, Reason


@dataclass(frozen=True, slots=True)
class Covered:
    """The consent that covers the ground."""

    consent: Consent


@dataclass(frozen=True, slots=True)
class NotCovered:
    """Why no consent covers the ground. `was` is a state and, where one counts, an instant."""

    reason: Reason
    was: str


def consent_for(person: PersonFacts, ground: Ground, now: datetime) -> Covered | NotCovered:
    """The consent that covers this ground at `now`, or why there is none."""
    begun = [consent for consent in person.consents if consent.scope.covers(ground) and _begins_at(consent) <= now]
    if not begun:
        return _absent(person, ground, now)
    newest = max(begun, key=lambda consent: (consent.given_at, consent.decision == "refused", consent.id))
    if newest.decision == "refused":
        return NotCovered(Reason.CONSENT_REFUSED, f"refused {instant(newest.given_at)}")
    withdrawn = withdrawn_at(newest, person.withdrawals, ground)
    if withdrawn is not None:
        return NotCovered(Reason.CONSENT_WITHDRAWN, f"withdrawn {instant(withdrawn)}")
    if newest.valid_until <= now:
        return NotCovered(Reason.CONSENT_EXPIRED, f"expired {instant(newest.valid_until)}")
    return Covered(newest)


def objects_to(person: PersonFacts, ground: Ground, now: datetime) -> Objection | None:
    """The objection in force that covers this ground, if any."""
    for objection in person.objections:
        ended = objection.valid_until is not None and objection.valid_until <= now
        if objection.valid_from <= now and not ended and objection.scope.covers(ground):
            return objection
    return None


def withdrawn_at(consent: Consent, withdrawals: Iterable[Withdrawal], ground: Ground) -> datetime | None:
    """When the consent was withdrawn for this ground: the first withdrawal at or after it was given."""
    instants = [
        withdrawal.at
        for withdrawal in withdrawals
        if withdrawal.at >= consent.given_at
        and (withdrawal.consent_id is None or withdrawal.consent_id == consent.id)
        and withdrawal.scope.covers(ground)
    ]
    return min(instants, default=None)


class ConsentState(StrEnum):
    IN_FORCE = "in-force"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"


def state_of(consent: Consent, person: PersonFacts, now: datetime, kinds: Mapping[str, AgencyKind]) -> ConsentState:
    """The state of a consent as a whole; one that is withdrawn in part is still in force for the rest."""
    if _wholly_withdrawn(consent, person.withdrawals, kinds):
        return ConsentState.WITHDRAWN
    later = (other for other in person.consents if other.id != consent.id and supersedes(other, consent))
    if any(_begins_at(other) <= now for other in later):
        return ConsentState.SUPERSEDED
    return ConsentState.EXPIRED if consent.valid_until <= now else ConsentState.IN_FORCE


def supersedes(newer: Consent, older: Consent) -> bool:
    """Whether the newer record speaks for all of the older one's ground."""
    if (newer.given_at, newer.id) <= (older.given_at, older.id):
        return False
    return (
        _within(older.scope.categories, newer.scope.categories)
        and _within(older.scope.purposes, newer.scope.purposes)
        and _within(older.scope.agencies or (), newer.scope.agencies)
        and _within(older.scope.kinds or (), newer.scope.kinds)
    )


def boundaries(person: PersonFacts) -> list[datetime]:
    """Every instant at which one of the facts begins or ends."""
    found = [moment for consent in person.consents for moment in (consent.valid_from, consent.valid_until)]
    for objection in person.objections:
        found.append(objection.valid_from)
        if objection.valid_until is not None:
            found.append(objection.valid_until)
    found.extend(involvement.until for involvement in person.involvements if involvement.until is not None)
    found.extend(request.expires_at for request in person.requests)
    return found


def instant(moment: datetime) -> str:
    """As people read it in a near miss: to the minute, in UTC."""
    return moment.strftime("%Y-%m-%dT%H:%MZ")


def _begins_at(consent: Consent) -> datetime:
    return consent.given_at if consent.decision == "refused" else max(consent.valid_from, consent.given_at)


def _absent(person: PersonFacts, ground: Ground, now: datetime) -> NotCovered:
    planned = [consent for consent in person.consents if consent.scope.covers(ground)]
    if planned:
        return NotCovered(Reason.CONSENT_MISSING, f"begins {instant(min(_begins_at(item) for item in planned))}")
    spoken = any(
        consent.decision == "given"
        and consent.valid_until > now
        and not _wholly_withdrawn(consent, person.withdrawals, {})
        for consent in person.consents
    )
    if spoken:
        return NotCovered(Reason.CONSENT_DOES_NOT_COVER, "does not cover")
    return NotCovered(Reason.CONSENT_MISSING, "none")


def _wholly_withdrawn(consent: Consent, withdrawals: Iterable[Withdrawal], kinds: Mapping[str, AgencyKind]) -> bool:
    """Whether nothing of its scope is left. `kinds` tells an agency's kind, for withdrawals that name kinds."""
    after = [item for item in withdrawals if item.at >= consent.given_at]
    if any(item.consent_id == consent.id for item in after):
        return True
    blind = [item.scope for item in after if item.consent_id is None]
    agencies = [(agency, kinds.get(agency)) for agency in consent.scope.agencies or ()]
    recipients = agencies + [(None, kind) for kind in consent.scope.kinds or ()]
    return bool(blind) and all(
        any(_takes(scope, category, agency, kind) for scope in blind)
        for category in consent.scope.categories or ()
        for agency, kind in recipients
    )


def _takes(scope: Scope, category: Category, agency: str | None, kind: AgencyKind | None) -> bool:
    if scope.categories is not None and category not in scope.categories:
        return False
    if scope.agencies is None and scope.kinds is None:
        return True
    return agency in (scope.agencies or ()) or kind in (scope.kinds or ())


def _within(inner: tuple[str, ...] | None, outer: tuple[str, ...] | None) -> bool:
    """Whether `outer` says at least what `inner` says; None says everything."""
    if outer is None:
        return True
    return inner is not None and set(inner) <= set(outer)
