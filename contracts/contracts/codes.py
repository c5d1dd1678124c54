"""The coded words of the field (domain.md). A value here never changes its meaning; new ones are added at the end."""

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
