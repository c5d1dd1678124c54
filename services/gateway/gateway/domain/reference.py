"""The coded lists that agencies may look up, with the days from which and until which each code is in use.

A list by whose days somebody is judged is the very table that judges; the others are as they first were.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar

from contracts import codes, screening
from contracts.codes import FIRST_LIST, InUse

C = TypeVar("C", bound=StrEnum)


def _first(words: type[C]) -> Mapping[C, InUse]:
    return dict.fromkeys(words, FIRST_LIST)


SETS: dict[str, Mapping[Any, InUse]] = {
    "agency-kinds": _first(codes.AgencyKind),
    "appointment-outcomes": _first(codes.AppointmentOutcome),
    "bases": _first(codes.Basis),
    "categories": _first(codes.Category),
    "change-reasons": _first(codes.ChangeReason),
    "custody-statuses": _first(codes.CustodyStatus),
    "date-statuses": _first(codes.DateStatus),
    "date-types": _first(codes.DateType),
    "directions": _first(codes.Direction),
    "governor-decisions": _first(codes.GovernorDecision),
    "identifier-schemes": _first(codes.Scheme),
    "involvement-states": _first(codes.InvolvementState),
    "needs": _first(codes.Need),
    "outcome-codes": codes.OUTCOMES_IN_USE,
    "outcome-results": _first(codes.OutcomeResult),
    "purposes": _first(codes.Purpose),
    "referral-actions": _first(codes.ReferralAction),
    "referral-alerts": _first(codes.ReferralAlert),
    "referral-states": _first(codes.ReferralState),
    "referral-warnings": _first(codes.ReferralWarning),
    "rejection-codes": codes.REJECTIONS_IN_USE,
    "urgencies": _first(codes.Urgency),
    "screening-answers": _first(screening.ScreeningAnswer),
    "screening-states": _first(screening.ScreeningState),
    "withdrawal-codes": codes.WITHDRAWALS_IN_USE,
    "refusal-reasons": _first(codes.Reason),
    "release-flags": _first(codes.ReleaseFlag),
    "warning-risks": _first(codes.WarningRisk),
}
