"""Who is there, what their tokens may do, how they are involved, and what a person is known by."""

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


class InvolvementState(StrEnum):
    CLAIMED = "claimed"
    CONFIRMED = "confirmed"
    ENDED = "ended"


class Scheme(StrEnum):
    """Schemes of person identifiers (domain.md, Identifiers)."""

    NOMS = "noms"
    CRN = "crn"
    PNC = "pnc"
    CRO = "cro"
    NHS = "nhs"


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
