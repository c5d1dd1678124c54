"""Custody and release dates."""

from enum import StrEnum


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
