"""What is shared, on which ground, what a decision says, and what the log has entries of."""

from enum import StrEnum


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


class ErasureReason(StrEnum):
    """Why a person is erased: the grounds of UK GDPR Article 17(1), and a retention period that is over."""

    RETENTION_ENDED = "retention-ended"
    NO_LONGER_NEEDED = "no-longer-needed"
    CONSENT_WITHDRAWN = "consent-withdrawn"
    OBJECTION_UPHELD = "objection-upheld"
    UNLAWFUL = "unlawful"
    LEGAL_OBLIGATION = "legal-obligation"
