"""Every refusal of a FHIR route is an OperationOutcome with our own code, and echoes the standard's own headers.

The statuses are those of every other route: the problem that would have been answered is turned into an outcome.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from fastapi.routing import APIRoute
from starlette.types import Scope

from gateway.fhir.codes import OURS

MEDIA_TYPE = "application/fhir+json"
ECHOED = ("x-request-id", "x-correlation-id")
_ECHOABLE = re.compile(r"[A-Za-z0-9-]{1,64}")

ISSUE_OF_STATUS: Mapping[int, str] = {
    400: "structure",
    401: "login",
    403: "forbidden",
    404: "not-found",
    409: "conflict",
    412: "conflict",
    413: "too-long",
    415: "not-supported",
    422: "business-rule",
    429: "throttled",
    500: "exception",
    503: "transient",
}


def answer(request: Request, body: Mapping[str, Any], status: int = 200, **headers: str) -> Response:
    """A FHIR answer. Of the caller's headers only ids in the form of ids go back."""
    echoed = {name: value for name in ECHOED if (value := request.headers.get(name)) and _ECHOABLE.fullmatch(value)}
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Response(text, status, {**headers, **echoed}, media_type=MEDIA_TYPE)


def outcome(status: int, code: str, detail: str, places: list[str]) -> dict[str, Any]:
    """`places` name fields, never values."""
    issue: dict[str, Any] = {
        "severity": "error",
        "code": ISSUE_OF_STATUS.get(status, "processing"),
        "details": {"coding": [{"system": f"{OURS}problem", "code": code}]},
    }
    if detail:
        issue["diagnostics"] = detail
    if places:
        issue["expression"] = places
    return {"resourceType": "OperationOutcome", "issue": [issue]}


class FhirRoute(APIRoute):
    """A route whose every refusal leaves as an outcome, those of the framework and of what stands before it too."""

    def refusal(self, scope: Scope, problem: Response) -> Response:
        """See chassis.problems.reworded."""
        return _of_response(Request(scope), problem)


def _of_response(request: Request, problem: Response) -> Response:
    """A problem's answer, its headers kept, as an outcome; so what an owner refuses with is passed on too."""
    said = json.loads(bytes(problem.body))
    places = [str(place) for each in said.get("errors", ()) if (place := each.get("pointer"))]
    code, detail = str(said.get("code", "refused")), str(said.get("detail", ""))
    made = outcome(problem.status_code, code, detail, _paths(places))
    kept = {n: v for n, v in problem.headers.items() if n.lower() not in ("content-type", "content-length")}
    return answer(request, made, problem.status_code, **kept)


def _paths(pointers: list[str]) -> list[str]:
    """JSON Pointers as FHIRPath names fields: `/Patient/identifier` is `Patient.identifier`."""
    return [pointer.strip("/").replace("/", ".") for pointer in pointers]
