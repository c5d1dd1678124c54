"""The CapabilityStatement, made from the routes that are served, so that it cannot promise more."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from gateway.fhir.codes import EVENTS, FHIR_VERSION, REQUEST, RESPONSE
from gateway.fhir.outcomes import MEDIA_TYPE

OPERATION = "http://hl7.org/fhir/OperationDefinition/MessageHeader-process-message"
EVENTS_SERVED = {
    REQUEST: "A referral: reason new creates it, update answers a question or sends it again after advice, a "
    "ServiceRequest that is revoked takes it back.",
    RESPONSE: "A receiver's answer to a referral that it received: acceptance or rejection.",
}


def statement(routes: Sequence[tuple[str, str]], *, kind: str, version: str, now: datetime) -> dict[str, Any]:
    """`routes` are (path, method); a read is `GET /fhir/<Type>/{id}`, an operation `POST /fhir/$<name>`."""
    reads = sorted({path.split("/")[2] for path, method in routes if method == "GET" and "{" in path})
    operations = sorted({path.split("$")[1] for path, method in routes if method == "POST" and "$" in path})
    events = ", ".join(f"{event} ({words})" for event, words in EVENTS_SERVED.items())
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": now.isoformat(timespec="seconds"),
        "kind": "instance",
        "software": {"name": "Throughgate", "version": version},
        "implementation": {"description": f"Referrals to agencies of the kind {kind}."},
        "fhirVersion": FHIR_VERSION,
        "format": [MEDIA_TYPE],
        "rest": [
            {
                "mode": "server",
                "documentation": f"Events of {EVENTS}: {events}",
                "resource": [{"type": each, "interaction": [{"code": "read"}]} for each in reads],
                "operation": [{"name": each, "definition": OPERATION} for each in operations],
            }
        ],
    }
