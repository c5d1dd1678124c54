"""Referrals: needs, states, actions, answers and what is told about them; coded lists have effective dates."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Need(StrEnum):
    """What a referral asks help with."""

    MENTAL_HEALTH = "mental-health"
    PERSONALITY_DISORDER = "personality-disorder"
    LEARNING_DISABILITY = "learning-disability"
    AUTISM = "autism"
    ADHD = "adhd"
    DUAL_DIAGNOSIS = "dual-diagnosis"
    ALCOHOL = "alcohol"
    DRUGS = "drugs"
    SELF_HARM = "self-harm"
    ACCOMMODATION = "accommodation"
    FORENSIC = "forensic"
    TRAUMA = "trauma"
    PHYSICAL_HEALTH = "physical-health"
    EMPLOYMENT = "employment"
    FINANCE = "finance"


class Urgency(StrEnum):
    EMERGENCY = "emergency"
    VERY_URGENT = "very-urgent"
    URGENT = "urgent"
    ROUTINE = "routine"


class ReferralState(StrEnum):
    """Where a referral stands; docs/states/referral.md has the diagram."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    AWAITING_CONSENT = "awaiting-consent"
    RECEIVED = "received"
    INFORMATION_REQUESTED = "information-requested"
    ON_HOLD = "on-hold"
    RETURNED_WITH_ADVICE = "returned-with-advice"
    ACCEPTED = "accepted"
    ALLOCATED = "allocated"
    IN_PROGRESS = "in-progress"
    CONSENT_WITHDRAWN = "consent-withdrawn"
    REJECTED = "rejected"
    COMPLETED = "completed"
    PREMATURELY_ENDED = "prematurely-ended"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    CLOSED = "closed"
    """The sender decided that nothing more is done after a rejection or advice."""


class ReferralRole(StrEnum):
    """Who acts on a referral."""

    SENDER = "sender"
    RECEIVER = "receiver"
    SYSTEM = "system"


class ReferralAction(StrEnum):
    """What is done to a referral. The sender's and receiver's are routes of their names (api.md)."""

    SUBMISSION = "submission"
    INFORMATION = "information"
    WITHDRAWAL = "withdrawal"
    CLOSURE = "closure"
    ACCEPTANCE = "acceptance"
    REJECTION = "rejection"
    ADVICE = "advice"
    INFORMATION_REQUEST = "information-request"
    HOLD = "hold"
    RESUMPTION = "resumption"
    ALLOCATION = "allocation"
    OUTCOME = "outcome"
    APPOINTMENTS = "appointments"
    ATTENDANCE = "attendance"
    WAITING_UPDATE = "waiting-update"
    RECEIPT = "receipt"
    """The share is in the log."""
    REFUSAL = "refusal"
    """The share was refused."""
    BASIS = "basis"
    """A basis appeared, for the first time or again."""
    CONSENT_WITHDRAWAL = "consent-withdrawal"
    """The share has lost its last ground."""
    EXPIRY = "expiry"


class RejectionCode(StrEnum):
    """Why a receiver says no [hmpps-interventions-service, NHS e-RS]."""

    INELIGIBLE = "INELIGIBLE"
    OUT_OF_AREA = "OUT_OF_AREA"
    DUPLICATE = "DUPLICATE"
    INSUFFICIENT_INFORMATION = "INSUFFICIENT_INFORMATION"
    NO_CAPACITY = "NO_CAPACITY"
    TOO_EARLY = "TOO_EARLY"
    NOT_ENOUGH_TIME = "NOT_ENOUGH_TIME"
    RISK_CANNOT_BE_MANAGED = "RISK_CANNOT_BE_MANAGED"
    ALTERNATIVE_PROVIDED = "ALTERNATIVE_PROVIDED"
    CONSENT_NOT_GIVEN = "CONSENT_NOT_GIVEN"
    REMANDED_OR_RECALLED = "REMANDED_OR_RECALLED"
    ALREADY_KNOWN_TO_SERVICE = "ALREADY_KNOWN_TO_SERVICE"
    OTHER = "OTHER"


class WithdrawalCode(StrEnum):
    """Why a sender takes a referral back or closes it [hmpps-interventions-service]."""

    INELIGIBLE = "INE"
    MISTAKE = "MIS"
    NOT_ENGAGED = "NOT"
    NEEDS_MET = "NEE"
    MOVED = "MOV"
    WORK_OR_CARING = "WOR"
    USER_DIED = "USE"
    ACQUITTED = "ACQ"
    RETURNED_TO_CUSTODY = "RET"
    SERVICE_UNSUITABLE = "SER"
    SENTENCE_EXPIRED = "SEE"
    EARLY_END = "EAR"
    ANOTHER_SERVICE = "ANO"


class OutcomeResult(StrEnum):
    """How a referral that was accepted ended."""

    COMPLETED = "completed"
    PREMATURELY_ENDED = "prematurely-ended"
    DISENGAGED = "disengaged"


class OutcomeCode(StrEnum):
    """Why it ended so."""

    NEEDS_MET = "needs-met"
    PARTLY_MET = "partly-met"
    NO_CONTACT = "no-contact"
    DECLINED = "declined"
    MOVED_AWAY = "moved-away"
    RETURNED_TO_CUSTODY = "returned-to-custody"
    TRANSFERRED = "transferred"
    DIED = "died"
    OTHER = "other"


class AppointmentOutcome(StrEnum):
    ATTENDED = "attended"
    LATE = "late"
    MISSED = "missed"
    CANCELLED_BY_SERVICE = "cancelled-by-service"
    CANCELLED_BY_PERSON = "cancelled-by-person"
    IN_CUSTODY = "in-custody"


class NextKind(StrEnum):
    """What a rejection says comes next; `none` is said explicitly."""

    SERVICE = "service"
    AGENCY = "agency"
    NONE = "none"


class ReferralWarning(StrEnum):
    """Told at submission, never a block."""

    LIVE_ELSEWHERE = "live-elsewhere"
    WAIT_TOO_LONG = "wait-too-long"
    NOBODY_IN_AREA = "nobody-in-area"


class ReferralAlert(StrEnum):
    """What time or a moved release date brings about an open referral."""

    OVERDUE = "overdue"
    DUE_MOVED = "due-moved"
    TOO_EARLY = "too-early"
    NOT_ENOUGH_TIME = "not-enough-time"
    APPOINTMENT_BEFORE_RELEASE = "appointment-before-release"
    BOUNCED_TWICE = "bounced-twice"
    REASON_PAST = "reason-past"
    """It was refused as too early, or for want of time, and the release date has moved since so that this is past."""


class ReferralWindow(StrEnum):
    """The times in which RECONNECT takes people (domain.md, Milestones)."""

    RECONNECT_REFERRAL = "reconnect-referral"
    """From 84 days before release until 28 days after it."""
    RECONNECT_CARE = "reconnect-care"
    """From release until 6 months after it."""


@dataclass(frozen=True, slots=True)
class InUse:
    """In use from `effective_from` until before `effective_until`, for ever if that is None."""

    effective_from: date
    effective_until: date | None = None

    def on(self, day: date) -> bool:
        return self.effective_from <= day and (self.effective_until is None or day < self.effective_until)


FIRST_LIST = InUse(date(2026, 1, 1))
"""The first version of every list."""

REJECTIONS_IN_USE: dict[RejectionCode, InUse] = dict.fromkeys(RejectionCode, FIRST_LIST)

WITHDRAWALS_IN_USE: dict[WithdrawalCode, InUse] = dict.fromkeys(WithdrawalCode, FIRST_LIST)

OUTCOMES_IN_USE: dict[OutcomeCode, InUse] = dict.fromkeys(OutcomeCode, FIRST_LIST)

COMMENT_REQUIRED = frozenset(
    {RejectionCode.INSUFFICIENT_INFORMATION, RejectionCode.RISK_CANNOT_BE_MANAGED, RejectionCode.OTHER}
)
"""Rejections that say nothing without a comment."""
