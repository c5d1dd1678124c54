"""The coded words of the field (domain.md). A value here never changes its meaning; new ones are added at the end."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class AgencyKind(StrEnum):
    PRISON = "prison"
    PRISON_HEALTH = "prison-health"
    PROBATION = "probation"
    POLICE = "police"
    COURT = "court"
    MENTAL_HEALTH = "mental-health"
    DRUG_ALCOHOL = "drug-alcohol"
    LIAISON_DIVERSION = "liaison-diversion"
    HOUSING = "housing"
    YOUTH = "youth"
    BENEFITS = "benefits"
    PROVIDER = "provider"
    AUDITOR = "auditor"
    OPERATOR = "operator"
    """Runs the deployment; has no gateway and receives no share."""


class Scope(StrEnum):
    READ = "read"
    PUSH = "push"
    REFER = "refer"
    ANSWER = "answer"
    CONSENT = "consent"
    EMERGENCY = "emergency"
    AUDIT = "audit"
    OPERATE = "operate"


class Category(StrEnum):
    IDENTITY = "identity"
    RELEASE_DATE = "release-date"
    CUSTODY_STATUS = "custody-status"
    ACCOMMODATION = "accommodation"
    LICENCE_CONDITIONS = "licence-conditions"
    RISK_MARKERS = "risk-markers"
    WARNING = "warning"
    CASELOAD = "caseload"
    REFERRAL = "referral"
    REFERRAL_STATUS = "referral-status"
    ENGAGEMENT = "engagement"
    KNOWN_TO_SERVICE = "known-to-service"
    MEDICATION = "medication"


HEALTH_DATA = frozenset({Category.REFERRAL, Category.ENGAGEMENT, Category.KNOWN_TO_SERVICE, Category.MEDICATION})

SECTIONS = frozenset(
    {
        Category.ACCOMMODATION,
        Category.LICENCE_CONDITIONS,
        Category.RISK_MARKERS,
        Category.MEDICATION,
        Category.CASELOAD,
    }
)
"""Categories that an agency keeps as a section of its own facts (PUT /people/{person}/sections/{category})."""


class Purpose(StrEnum):
    OFFENDER_MANAGEMENT = "offender-management"
    RESETTLEMENT = "resettlement"
    DIRECT_CARE = "direct-care"
    PUBLIC_PROTECTION = "public-protection"
    SAFEGUARDING = "safeguarding"
    HOUSING_DUTY = "housing-duty"
    BENEFITS_CLAIM = "benefits-claim"
    CRIME_PREVENTION = "crime-prevention"


class Basis(StrEnum):
    CONSENT = "consent"
    STATUTORY = "statutory"
    VITAL_INTERESTS = "vital-interests"


class SubjectTo(StrEnum):
    CONSENT = "consent"
    OBJECTION = "objection"


class Verdict(StrEnum):
    PERMITTED = "permitted"
    REFUSED = "refused"


class Reason(StrEnum):
    """Why a share was refused."""

    NO_CLAUSE = "no-clause"
    NO_INVOLVEMENT = "no-involvement"
    INVOLVEMENT_NOT_CONFIRMED = "involvement-not-confirmed"
    CONDITION_NOT_MET = "condition-not-met"
    CONSENT_MISSING = "consent-missing"
    CONSENT_REFUSED = "consent-refused"
    CONSENT_WITHDRAWN = "consent-withdrawn"
    CONSENT_EXPIRED = "consent-expired"
    CONSENT_DOES_NOT_COVER = "consent-does-not-cover"
    OBJECTION = "objection"
    RESTRICTED_PERSON = "restricted-person"
    PROHIBITED = "prohibited"
    AGREEMENT_EXPIRED = "agreement-expired"
    AGENCY_SUSPENDED = "agency-suspended"
    COULD_NOT_DECIDE = "could-not-decide"


class Effect(StrEnum):
    """What the end of a share does to what its recipient was shown."""

    WITHDRAW = "withdraw"
    """The feed item is blanked in place, a `withdrawn` item follows, the view is emptied."""
    END = "end"
    """The view is emptied; feed items already received stay."""


class InvolvementState(StrEnum):
    CLAIMED = "claimed"
    CONFIRMED = "confirmed"
    ENDED = "ended"


class CustodyStatus(StrEnum):
    RECEIVED = "received"
    RELEASED = "released"
    RECALLED = "recalled"
    TRANSFERRED = "transferred"
    RETURNED = "returned"


class DateType(StrEnum):
    """Sentence date types of the national prison system [calculate-release-dates]."""

    CRD = "CRD"
    ARD = "ARD"
    PRRD = "PRRD"
    MTD = "MTD"
    ETD = "ETD"
    LTD = "LTD"
    HDCED = "HDCED"
    HDCAD = "HDCAD"
    PED = "PED"
    APD = "APD"
    ROTL = "ROTL"
    ERSED = "ERSED"
    TERSED = "TERSED"
    DPRRD = "DPRRD"
    NPD = "NPD"
    SED = "SED"
    SLED = "SLED"
    LED = "LED"
    TUSED = "TUSED"
    ESED = "ESED"
    TARIFF = "Tariff"
    NCRD = "NCRD"


class DateStatus(StrEnum):
    ESTIMATED = "estimated"
    CALCULATED = "calculated"
    CONFIRMED = "confirmed"


class ChangeReason(StrEnum):
    FIRST_CALCULATION = "first-calculation"
    RECALCULATION = "recalculation"
    REMAND_TIME_CREDITED = "remand-time-credited"
    POLICY_CHANGE = "policy-change"
    HDC_DECISION = "hdc-decision"
    PAROLE_DECISION = "parole-decision"
    APPEAL = "appeal"
    ADDITIONAL_DAYS = "additional-days"
    CORRECTION = "correction"
    DAY_OF_RELEASE_DECISION = "day-of-release-decision"
    OTHER = "other"


class Direction(StrEnum):
    EARLIER = "earlier"
    LATER = "later"
    SAME = "same"
    NEW = "new"
    WITHDRAWN = "withdrawn"


class ReleaseFlag(StrEnum):
    FRIDAY_RELEASE = "friday-release"
    WEEKEND_OR_HOLIDAY = "weekend-or-holiday"
    PRE_BANK_HOLIDAY = "pre-bank-holiday"
    SHORT_NOTICE = "short-notice"
    IMMEDIATE = "immediate"
    NO_FIXED_ABODE = "no-fixed-abode"
    ADDRESS_UNVERIFIED = "address-unverified"
    ADDRESS_SHARED = "address-shared"
    RECALCULATION_PENDING = "recalculation-pending"


class GovernorDecision(StrEnum):
    BROUGHT_FORWARD = "brought-forward"
    KEPT = "kept"


class EntryKind(StrEnum):
    """Kinds of entry in the share log."""

    SHARE = "share"
    CONSENT = "consent"
    WITHDRAWAL = "withdrawal"
    OBJECTION = "objection"
    AGREEMENT = "agreement"
    CLAIM = "claim"
    READ = "read"
    ERASURE = "erasure"
    REVIEW = "review"
    SUSPENSION = "suspension"
    EMERGENCY = "emergency"
    MERGE = "merge"


class WarningRisk(StrEnum):
    SUICIDE = "suicide"
    SELF_HARM = "self-harm"
    HARM_TO_OTHERS = "harm-to-others"
    MEDICAL = "medical"
    OTHER = "other"


class Scheme(StrEnum):
    """Schemes of person identifiers (domain.md, Identifiers)."""

    NOMS = "noms"
    CRN = "crn"
    PNC = "pnc"
    CRO = "cro"
    NHS = "nhs"


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
"""The first version of a list."""

REJECTIONS_IN_USE: dict[RejectionCode, InUse] = dict.fromkeys(RejectionCode, FIRST_LIST)
WITHDRAWALS_IN_USE: dict[WithdrawalCode, InUse] = dict.fromkeys(WithdrawalCode, FIRST_LIST)
OUTCOMES_IN_USE: dict[OutcomeCode, InUse] = dict.fromkeys(OutcomeCode, FIRST_LIST)

COMMENT_REQUIRED = frozenset(
    {RejectionCode.INSUFFICIENT_INFORMATION, RejectionCode.RISK_CANNOT_BE_MANAGED, RejectionCode.OTHER}
)
"""Rejections that say nothing without a comment."""

RECEIVING = frozenset(
    {
        AgencyKind.MENTAL_HEALTH,
        AgencyKind.DRUG_ALCOHOL,
        AgencyKind.LIAISON_DIVERSION,
        AgencyKind.HOUSING,
        AgencyKind.PROVIDER,
        AgencyKind.PRISON_HEALTH,
    }
)
"""Kinds of agency that receive referrals; every kind but auditor and operator sends them."""
