"""What a receiver's answer says, in a message to the sender. `answers` reads it back the same.

Acceptance is a ServiceRequest that is not turned down, with an Appointment if there is one; a rejection has its reason
and what comes next as codes of ours, for R4 has no place for them; words are notes.
"""

from collections.abc import Mapping
from typing import Any

from contracts.codes import ReferralState
from gateway.fhir.codes import NEXT, OURS, REJECTIONS
from gateway.fhir.tree import Resource

REASON = f"{OURS}reason-codes"
"""Why it ended early, or was taken back: other lists than that of rejections."""
WORDS = ("comment", "question", "interim_support")

Referral = Mapping[str, Any]


def reasons(referral: Referral) -> list[Resource]:
    """The coded reason of the answer, and what comes next."""
    found: list[Resource] = []
    if code := referral.get("reason_code"):
        system = REJECTIONS if referral.get("state") == ReferralState.REJECTED else REASON
        found.append({"coding": [{"system": system, "code": code}]})
    if following := referral.get("next"):
        named = f":{following['id']}" if following.get("id") else ""
        found.append({"coding": [{"system": NEXT, "code": f"{following['kind']}{named}"}]})
    return found


def notes(referral: Referral) -> list[Resource]:
    """What the receiver wrote in words."""
    return [{"text": str(referral[name])} for name in WORDS if referral.get(name)]


def appointments(referral: Referral, *, appointment_id: str, patient: Resource, request: Resource) -> list[Resource]:
    """The appointment that the answer names."""
    if not (at := referral.get("appointment_at")):
        return []
    return [
        {
            "resourceType": "Appointment",
            "id": appointment_id,
            "status": "booked",
            "start": at,
            "basedOn": [request],
            "participant": [{"actor": patient, "status": "accepted"}],
        }
    ]
