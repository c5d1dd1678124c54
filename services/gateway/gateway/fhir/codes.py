"""FHIR's code systems beside our lists. What is not in these tables stays in the reason as `words [system|code]`."""

from contracts.codes import AgencyKind, Need, ReferralState, Urgency

FHIR_VERSION = "4.0.1"
EVENTS = "https://fhir.nhs.uk/CodeSystem/message-events-bars"
REASONS = "https://fhir.nhs.uk/CodeSystem/message-reason-bars"
REQUEST = "servicerequest-request"
RESPONSE = "servicerequest-response"
NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
VERIFICATION = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus"
VERIFICATIONS = "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatus"
NOT_TRACED = "number-present-but-not-traced"
"""What is said of a number that fails its check, whatever its sender said of it."""
ODS = "https://fhir.nhs.uk/Id/ods-organization-code"
PROFILE = "https://fhir.nhs.uk/StructureDefinition/BARSBundleMessage"
HEADER_PROFILE = "https://fhir.nhs.uk/StructureDefinition/BARSMessageHeader-"
"""Followed by the event."""
SNOMED = "http://snomed.info/sct"
LOINC = "http://loinc.org"

OURS = "urn:throughgate:"
AGENCY = f"{OURS}agency"
SERVICE = f"{OURS}service"
REFERRAL = f"{OURS}referral"
NEEDS = f"{OURS}needs"
SCORES = f"{OURS}scores"
REJECTIONS = f"{OURS}rejection-codes"
WITHDRAWALS = f"{OURS}withdrawal-codes"
NEXT = f"{OURS}next"
STATE = f"{OURS}referral-state"
IDENTIFIER = f"{OURS}identifier:"
"""Followed by one of our schemes: `urn:throughgate:identifier:noms`."""

URGENCY_OF = {
    "routine": Urgency.ROUTINE,
    "urgent": Urgency.URGENT,
    "asap": Urgency.VERY_URGENT,
    "stat": Urgency.EMERGENCY,
}
PRIORITY_OF = {urgency.value: priority for priority, urgency in URGENCY_OF.items()}

NEED_OF_SNOMED = {
    "74732009": Need.MENTAL_HEALTH,
    "35489007": Need.MENTAL_HEALTH,
    "33449004": Need.PERSONALITY_DISORDER,
    "110359009": Need.LEARNING_DISABILITY,
    "35919005": Need.AUTISM,
    "408856003": Need.AUTISM,
    "406506008": Need.ADHD,
    "7200002": Need.ALCOHOL,
    "26416006": Need.DRUGS,
    "248062006": Need.SELF_HARM,
    "32911000": Need.ACCOMMODATION,
    "47505003": Need.TRAUMA,
}

SCORE_OF = {
    (LOINC, "44261-6"): "phq9",
    (LOINC, "70274-6"): "gad7",
    (SNOMED, "720433000"): "phq9",
    (SNOMED, "445455005"): "gad7",
    (SCORES, "phq9"): "phq9",
    (SCORES, "gad7"): "gad7",
    (SCORES, "core34"): "core34",
}
"""Total scores. Those of single questions are not read."""
CODING_OF_SCORE = {"phq9": (LOINC, "44261-6"), "gad7": (LOINC, "70274-6"), "core34": (SCORES, "core34")}

ENDED = frozenset(
    {
        ReferralState.REJECTED,
        ReferralState.WITHDRAWN,
        ReferralState.EXPIRED,
        ReferralState.CLOSED,
        ReferralState.PREMATURELY_ENDED,
    }
)


def status_of(state: str) -> str:
    """ServiceRequest.status of a referral's state; the state itself goes beside it as an extension."""
    if state == ReferralState.DRAFT:
        return "draft"
    if state == ReferralState.COMPLETED:
        return "completed"
    if state in (ReferralState.ON_HOLD, ReferralState.CONSENT_WITHDRAWN):
        return "on-hold"
    return "revoked" if state in ENDED else "active"


def usual_needs(kind: AgencyKind) -> list[Need]:
    """What is meant where a message codes no need that we know: what agencies of the receiving kind are there for."""
    match kind:
        case AgencyKind.MENTAL_HEALTH | AgencyKind.LIAISON_DIVERSION:
            return [Need.MENTAL_HEALTH]
        case AgencyKind.DRUG_ALCOHOL:
            return [Need.ALCOHOL, Need.DRUGS]
        case AgencyKind.HOUSING:
            return [Need.ACCOMMODATION]
        case AgencyKind.PRISON_HEALTH:
            return [Need.PHYSICAL_HEALTH]
        case _:
            return []
