"""May this agency receive this, now? A pure function of typed facts; what is unknown is refused.

Order (lawful-basis.md): prohibitions, which nothing overrides; statutory clauses; consent; emergency; refused. Every
clause is evaluated and every near miss returned; where several permit, the first in this order is the basis.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from consent.domain import conditions as facts_of
from consent.domain.facts import Consent, EmergencyRequest, Ground, PersonFacts, Question, Referral
from consent.domain.grounds import NotCovered, boundaries, consent_for, instant, objects_to, withdrawn_at
from consent.domain.policy import Policy, Rule, midnight
from consent.domain.redaction import holds_protected, removed
from consent.domain.referrals import answered, between_its_ends, held, itself, screened, to_sender
from contracts.codes import Basis, Category, Purpose, Reason, SubjectTo

CLAUSE_FREE = ""
"""The clause of a near miss that no clause was needed for: a prohibition."""


@dataclass(frozen=True, slots=True)
class Miss:
    """One condition of one clause that failed."""

    clause: str
    condition: str
    wanted: str
    was: str
    reason: Reason

    def __str__(self) -> str:
        """As people read it: `4.1: consent.state wanted in-force, was withdrawn 2026-11-02T10:14Z`."""
        where = f"{self.clause}: " if self.clause else ""
        return f"{where}{self.condition} wanted {self.wanted}, was {self.was}"


@dataclass(frozen=True, slots=True)
class Grant:
    """A clause that permits, for one purpose, and the consent or request it stands on."""

    rule: Rule
    purpose: Purpose
    consent: Consent | None = None
    request: EmergencyRequest | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """A clause that does not permit, and everything it lacked."""

    rule: Rule
    misses: tuple[Miss, ...]

    @property
    def far(self) -> bool:
        """Whether the clause speaks of another case altogether, such as a referral or an emergency."""
        return any(miss.condition in facts_of.ANOTHER_CASE for miss in self.misses)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer. `grant` is set if and only if it is permitted, `reason` if and only if it is refused."""

    grant: Grant | None
    also: tuple[str, ...]
    reason: Reason | None
    misses: tuple[Miss, ...]
    fields_removed: tuple[str, ...]
    source_sees_recipient: bool
    nearest: Rule | None = None
    """On refusal: the clause whose miss is the reason."""

    @property
    def permitted(self) -> bool:
        return self.grant is not None


def decide(question: Question, policy: Policy) -> Verdict:
    """Answers the question under this policy. Never raises for what the facts may hold."""
    prohibition = _prohibited(question)
    if prohibition is not None:
        return Verdict(None, (), prohibition.reason, (prohibition,), (), False)
    grants: list[Grant] = []
    failed: list[Failed] = []
    offer, recipient = question.offer, question.recipient
    for rule in policy.matching(offer.source.kind, recipient.kind, offer.category):
        if not _applies(rule, question):
            continue
        found = _evaluate(rule, question, policy)
        if isinstance(found, Grant):
            grants.append(found)
        else:
            failed.append(Failed(rule, found))
    if grants:
        return _permitted(question, grants)
    if not failed:
        return Verdict(None, (), Reason.NO_CLAUSE, (), (), False)
    return _refused(question, failed)


def decide_again_at(person: PersonFacts, policy: Policy, now: datetime) -> datetime | None:
    """The next instant at which one of this person's facts, or an agreement, begins or ends by itself."""
    moments = [*boundaries(person), *policy.boundaries]
    ends = [mappa.until for mappa in person.mappa if mappa.until and mappa.until < date.max]
    moments += [midnight(day + timedelta(days=1)) for day in ends]
    moments += [involvement.since for involvement in person.involvements]
    if person.release_date is not None:
        moments += [midnight(person.release_date - timedelta(days=days)) for days in policy.days_before_release]
    return min((moment for moment in moments if moment > now), default=None)


def _prohibited(question: Question) -> Miss | None:
    offer, recipient = question.offer, question.recipient
    if offer.source.suspended or recipient.suspended:
        return Miss(CLAUSE_FREE, "agency.state", "active", "suspended", Reason.AGENCY_SUSPENDED)
    if question.person.restricted:
        return Miss(CLAUSE_FREE, "person.state", "not restricted", "restricted", Reason.RESTRICTED_PERSON)
    if holds_protected(offer.fields):
        return Miss(CLAUSE_FREE, "offer.content", "nothing protected", "protected", Reason.PROHIBITED)
    if offer.retracted:
        return Miss(CLAUSE_FREE, "offer.content", "there", "retracted", Reason.CONDITION_NOT_MET)
    if offer.source.id == recipient.id:
        return Miss(CLAUSE_FREE, "offer.source", "another agency", "the recipient", Reason.COULD_NOT_DECIDE)
    return None


def _applies(rule: Rule, question: Question) -> bool:
    """Whether the clause speaks of these two agencies at all."""
    source, recipient = question.offer.source, question.recipient
    if rule.parties is not None and not {source.id, recipient.id} <= rule.parties:
        return False
    return (source.nhs_body or not rule.source_nhs_body) and (recipient.nhs_body or not rule.recipient_nhs_body)


def _evaluate(rule: Rule, question: Question, policy: Policy) -> Grant | tuple[Miss, ...]:
    """A grant for the first of the clause's purposes that stands, or everything that failed for the first."""
    misses = [*_not_in_force(rule, question), *_conditions(rule, question, policy), *_involvement(rule, question)]
    misses += _screening(rule, question, policy)
    first: list[Miss] | None = None
    for purpose in rule.purposes:
        found = _ground(rule, question, purpose, policy)
        if isinstance(found, Grant):
            return tuple(misses) if misses else found
        first = found if first is None else first
    return tuple(misses + (first or []))


def _not_in_force(rule: Rule, question: Question) -> list[Miss]:
    if rule.valid_from <= question.now < rule.valid_until:
        return []
    was = "not begun" if question.now < rule.valid_from else f"expired {instant(rule.valid_until)}"
    return [Miss(rule.clause.id, "agreement.state", "in force", was, Reason.AGREEMENT_EXPIRED)]


def _conditions(rule: Rule, question: Question, policy: Policy) -> list[Miss]:
    def came(referral: Referral) -> Reason | None:
        return decide(itself(referral, question.recipient, question), policy).reason

    def has(referral: Referral) -> bool:
        return held(referral, question) or decide(to_sender(referral, question), policy).permitted

    beside = facts_of.Beside(came, has)
    misses = []
    for condition in rule.clause.conditions:
        if condition.only_for and question.offer.category not in condition.only_for:
            continue
        missed = facts_of.missed(condition, question, beside)
        if missed is not None:
            misses.append(_miss(rule, missed))
    return misses


def _involvement(rule: Rule, question: Question) -> list[Miss]:
    wanted = rule.clause.involvement
    if wanted == "none" or question.offer.category in rule.clause.involvement_not_for:
        return []
    involvement = facts_of.involvement_of(question)
    says = "confirmed" if wanted == "confirmed" else "claimed or confirmed"
    if involvement is None:
        return [Miss(rule.clause.id, "involvement.state", says, "none", Reason.NO_INVOLVEMENT)]
    if wanted == "confirmed" and involvement.state != "confirmed":
        was = str(involvement.state)
        return [Miss(rule.clause.id, "involvement.state", says, was, Reason.INVOLVEMENT_NOT_CONFIRMED)]
    return []


def _screening(rule: Rule, question: Question, policy: Policy) -> list[Miss]:
    """A question whose answer may not come back is not asked: to ask it tells the one who is asked about the person.
    The answer is for who asked, unless a life is at risk."""
    referral = question.offer.referral
    if referral is None or not referral.screening:
        return []
    if question.offer.category == Category.REFERRAL:
        reason = decide(screened(referral, question), policy).reason
        return [Miss(rule.clause.id, "screening.answer", "permitted", str(reason), reason)] if reason else []
    if answered(question) is None and rule.clause.basis != Basis.VITAL_INTERESTS:
        return [_miss(rule, facts_of.Missed("screening.sender", "the recipient", "another"))]
    return []


def _ground(rule: Rule, question: Question, purpose: Purpose, policy: Policy) -> Grant | list[Miss]:
    """What the clause is subject to, for one purpose."""
    clause, recipient = rule.clause, question.recipient
    if clause.as_referred:
        return _as_referred(rule, question, purpose, policy)
    ground = Ground(question.offer.category, recipient.id, recipient.kind, purpose)
    if clause.basis == Basis.CONSENT:
        found = consent_for(question.person, ground, question.now)
        if isinstance(found, NotCovered):
            return [Miss(clause.id, "consent.state", "in-force", found.was, found.reason)]
        chosen = any(condition.kind == "chosen-authority" for condition in clause.conditions)
        missed = facts_of.not_chosen(found.consent, recipient) if chosen else None
        return Grant(rule, purpose, consent=found.consent) if missed is None else [_miss(rule, missed)]
    if clause.subject_to == SubjectTo.OBJECTION:
        objection = objects_to(question.person, ground, question.now)
        if objection is not None:
            was = f"since {instant(objection.valid_from)}"
            return [Miss(clause.id, "objection.state", "none", was, Reason.OBJECTION)]
    request = facts_of.request_for(question) if clause.basis == Basis.VITAL_INTERESTS else None
    return Grant(rule, purpose, request=request)


def _as_referred(rule: Rule, question: Question, purpose: Purpose, policy: Policy) -> Grant | list[Miss]:
    """The ground on which the referral came, if it is the one that this rule is for: law, or a consent in force.

    Of a consent may be withdrawn that its answer is told to this recipient.
    """
    referral, receiver, wanted = answered(question), question.offer.source, rule.clause.basis
    if referral is None or question.offer.category == Category.REFERRAL:
        return [_miss(rule, facts_of.Missed("referral.basis", str(wanted), "unknown"))]
    came = decide(itself(referral, receiver, question), policy)
    if came.grant is None:
        if wanted != Basis.CONSENT or came.reason is None:
            return [_miss(rule, facts_of.Missed("referral.basis", str(wanted), "none"))]
        return [Miss(rule.clause.id, "referral.ground", "in force", "none", came.reason)]
    basis = came.grant.rule.clause.basis
    if basis != wanted:
        return [_miss(rule, facts_of.Missed("referral.basis", str(wanted), str(basis)))]
    if came.grant.consent is not None:
        told = Ground(question.offer.category, question.recipient.id, question.recipient.kind, purpose)
        withdrawn = withdrawn_at(came.grant.consent, question.person.withdrawals, told)
        if withdrawn is not None:
            was = f"withdrawn {instant(withdrawn)}"
            return [Miss(rule.clause.id, "consent.state", "in-force", was, Reason.CONSENT_WITHDRAWN)]
    return Grant(rule, purpose, consent=came.grant.consent)


def _miss(rule: Rule, missed: facts_of.Missed) -> Miss:
    return Miss(rule.clause.id, missed.condition, missed.wanted, missed.was, missed.reason)


def _permitted(question: Question, grants: list[Grant]) -> Verdict:
    grant = grants[0]
    offer, clause = question.offer, grant.rule.clause
    gone = removed(offer.fields, offer.category, question.recipient.kind, clause.redactions.get(offer.category))
    also = tuple(other.rule.clause.id for other in grants[1:])
    return Verdict(grant, also, None, (), gone, _source_sees(grant.rule, question, grant.consent))


def _refused(question: Question, failed: list[Failed]) -> Verdict:
    """The reason is what the nearest clause lacked: one that speaks of this case, and lacked least.

    Where none speaks of it, the source is told of nobody: no clause lets it know who might have received this.
    """
    stood = [each for each in failed if each.rule.clause.id == question.stood_on]
    nearest = min(stood or failed, key=lambda each: (each.far, len(each.misses)))
    reasons = [miss.reason for miss in nearest.misses]
    told = [reason for reason in reasons if reason != Reason.CONDITION_NOT_MET]
    reason = Reason.CONDITION_NOT_MET if nearest.far or not told else told[0]
    every = tuple(miss for each in failed for miss in each.misses)
    sees = not nearest.far and _source_sees(nearest.rule, question, None)
    return Verdict(None, (), reason, every, (), sees, nearest.rule)


def _source_sees(rule: Rule, question: Question, consent: Consent | None) -> bool:
    sees = rule.clause.source_sees_recipient
    if sees == "recorder":
        return consent is not None and consent.recorded_by == question.offer.source.id
    if sees == "referral-ends":
        ordered = any(condition.kind == "order-reference" for condition in rule.clause.conditions)
        return between_its_ends(question, ordered=ordered)
    return sees == "yes"
