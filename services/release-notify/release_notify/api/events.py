"""HMPPS domain events about sentence dates, as the gateway hands them on."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from chassis.auth import ActorDep, require
from chassis.session import SessionDep
from contracts import hmpps
from contracts.codes import Scope
from contracts.hmpps import HmppsKind
from contracts.http.release import EventAnswer
from release_notify.api.dependencies import NowDep
from release_notify.operations.national import mark_recalculation_pending

router = APIRouter(prefix="/v1", tags=["events"], dependencies=[require(Scope.PUSH)])


@router.post("/events", status_code=202, response_model=EventAnswer)
async def receive_event(
    request: Request,
    person_id: Annotated[str, Query(max_length=60)],
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
) -> EventAnswer | Response:
    """The raw message, bare or in its SNS envelope, about the person it was resolved to: 202 with its id, however often
    it comes; 204 for a type that is not of dates."""
    event = hmpps.parse(await request.body())
    if event is None or event.kind is not HmppsKind.SENTENCE_DATES_CHANGED:
        return Response(status_code=204)
    await mark_recalculation_pending(session, event=event, person_id=person_id, actor=actor, now=now)
    return EventAnswer(event_id=event.event_id)
