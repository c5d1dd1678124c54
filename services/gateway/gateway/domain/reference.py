"""The coded lists that agencies may look up, with the days from which and until which each code is in use."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from contracts import codes, screening

IN_USE_FROM = date(2026, 11, 1)
"""The day on which the first version of every list came into use."""

SETS: dict[str, type[StrEnum]] = {
    "agency-kinds": codes.AgencyKind,
    "appointment-outcomes": codes.AppointmentOutcome,
    "bases": codes.Basis,
    "categories": codes.Category,
    "change-reasons": codes.ChangeReason,
    "custody-statuses": codes.CustodyStatus,
    "date-statuses": codes.DateStatus,
    "date-types": codes.DateType,
    "directions": codes.Direction,
    "governor-decisions": codes.GovernorDecision,
    "identifier-schemes": codes.Scheme,
    "involvement-states": codes.InvolvementState,
    "needs": codes.Need,
    "outcome-codes": codes.OutcomeCode,
    "outcome-results": codes.OutcomeResult,
    "purposes": codes.Purpose,
    "referral-actions": codes.ReferralAction,
    "referral-alerts": codes.ReferralAlert,
    "referral-states": codes.ReferralState,
    "referral-warnings": codes.ReferralWarning,
    "rejection-codes": codes.RejectionCode,
    "urgencies": codes.Urgency,
    "screening-answers": screening.ScreeningAnswer,
    "screening-states": screening.ScreeningState,
    "withdrawal-codes": codes.WithdrawalCode,
    "refusal-reasons": codes.Reason,
    "release-flags": codes.ReleaseFlag,
    "warning-risks": codes.WarningRisk,
}


@dataclass(frozen=True, slots=True)
class Code:
    """In use from `effective_from` until before `effective_until`, for ever if that is None."""

    code: str
    effective_from: date
    effective_until: date | None = None


def codes_of(name: str) -> list[Code] | None:
    """The codes of a list, or None if there is no such list."""
    found = SETS.get(name)
    return [Code(code.value, IN_USE_FROM) for code in found] if found else None
