"""HMPPS domain events from a prison or the national feed: the raw message goes to the owner of what it tells."""

from fastapi import APIRouter
from fastapi.responses import Response

from chassis.auth import require
from chassis.problems import Problem
from chassis.query_rules import any_query
from contracts.codes import Scope
from contracts.hmpps import HmppsKind, NotJson, ensure_speaks_for, parse
from contracts.http.caseload import AgencyEntry
from contracts.http.release import EventAnswer
from gateway.api.caller import CallerDep
from gateway.api.forward import ask, forward, resolve, segment

router = APIRouter(prefix="/v1", tags=["custody"], dependencies=[require(Scope.PUSH)])


@router.post(
    "/events",
    status_code=202,
    response_model=EventAnswer,
    responses={204: {"description": "Not used."}},
    dependencies=[any_query],
)
async def events(caller: CallerDep) -> Response:
    """A domain event, bare or in its SNS envelope. Redelivery answers the same id; a type that is not used, 204.

    Changed sentence dates of a person who is not known here are taken and change nothing: a push will bring the dates.
    """
    try:
        event = parse(await caller.request.body())
    except NotJson:
        raise Problem(400, "The body is not well-formed JSON.") from None
    if event is None:
        return Response(status_code=204)
    if event.kind is not HmppsKind.SENTENCE_DATES_CHANGED:
        return await forward(caller, caller.owners.caseload, "/events")
    if event.prison_id is not None:
        entry = await ask(caller, caller.owners.caseload, "GET", f"/agencies/{segment(caller.agency)}")
        ensure_speaks_for(event, AgencyEntry.model_validate(entry.raise_for_problem().json()).codes.mdi)
    person = await resolve(caller, f"noms:{event.prison_number}")
    if person is None:
        answer = EventAnswer(event_id=event.event_id)
        return Response(answer.model_dump_json(), 202, media_type="application/json")
    params = {"person_id": person.person_id}
    return await forward(caller, caller.owners.release_notify, "/events", params=params, after=person)
