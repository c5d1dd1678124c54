"""BaRS over HTTP: one operation, the message of one referral, and what is really served here.

What is read is not validated beyond what is used of it; what is refused is refused as an OperationOutcome.
"""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import Response
from fastapi.routing import APIRoute

from chassis import clock
from chassis.auth import require
from chassis.etag import Preconditions
from chassis.media_type import ensure_media_type
from chassis.query_rules import any_query
from contracts.codes import Scope
from contracts.http.gateway import OpaqueId, PersonView
from gateway.api.caller import Caller
from gateway.api.forward import PersonUnknown, ask
from gateway.api.people import one_person
from gateway.api.referral_views import joined
from gateway.fhir.callers import FhirCallerDep, fhir_caller
from gateway.fhir.capability import statement
from gateway.fhir.cases import ReferralUnknown
from gateway.fhir.codes import REQUEST, RESPONSE
from gateway.fhir.message import message_of
from gateway.fhir.outcomes import MEDIA_TYPE, FhirRoute, answer
from gateway.fhir.process import process
from gateway.fhir.writing import bundle

router = APIRouter(prefix="/fhir", route_class=FhirRoute, include_in_schema=False, dependencies=[any_query])
READS = (MEDIA_TYPE, "application/json")


@router.get("/metadata", dependencies=[Depends(fhir_caller)])
async def metadata(request: Request) -> Response:
    """The CapabilityStatement: what this gateway serves, read off its own routes."""
    settings = request.app.state.settings
    made = statement(
        served(),
        kind=request.app.state.kind,
        version=settings.version,
        now=clock.now(),
    )
    return answer(request, made)


@router.post("/$process-message")
async def process_message(request: Request, caller: FhirCallerDep) -> Response:
    """A message of BaRS: refers, changes, takes back or answers. Answers with the referral as a message."""
    ensure_media_type(request, *READS)
    message = message_of(await request.body())
    referral = await process(caller, message)
    return answer(request, bundle(referral, event=RESPONSE, answers=message.bundle_id))


@router.get("/Bundle/{referral_id}", dependencies=[require(Scope.READ)])
async def referral_message(
    request: Request, caller: FhirCallerDep, referral_id: Annotated[OpaqueId, Path()]
) -> Response:
    """A referral as the message that brings it, with what the caller may see of it and of the person."""
    found = await ask(caller, caller.owners.referral, "GET", f"/referrals/{referral_id}", conditional=False)
    if found.status == 404:
        raise ReferralUnknown
    seen = await joined(caller, found.raise_for_problem(), looked=True)
    referral = json.loads(bytes(seen.body))
    return answer(request, bundle(referral, event=REQUEST, identity=await _identity(caller, referral["person_id"])))


async def _identity(caller: Caller, person_id: str) -> dict[str, Any] | None:
    """Who the person is, as far as the caller gave it or was given it; a look of its own."""
    try:
        found = await one_person(caller, person_id, Preconditions())
    except PersonUnknown:
        return None
    identity = PersonView.model_validate_json(bytes(found.body)).identity
    return identity.content if identity else None


def served() -> list[tuple[str, str]]:
    """(path, method) of every route here."""
    ours = [route for route in router.routes if isinstance(route, APIRoute)]
    return [(route.path, method) for route in ours for method in sorted(route.methods or ())]
