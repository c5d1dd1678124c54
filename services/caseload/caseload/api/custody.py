"""Movements: a prison's own reports, and messages of the prison event bus."""

from fastapi import APIRouter, Request, Response

from caseload.api.dependencies import FoundDep, NowDep
from caseload.operations.custody import record_custody_event
from caseload.operations.hmpps import USED, apply_hmpps_event
from chassis.auth import ActorDep, require
from chassis.idempotency import IdempotentRoute, key_required
from chassis.session import SessionDep
from contracts import hmpps
from contracts.codes import Scope
from contracts.http.caseload import CustodyEventAnswer, CustodyEventBody, HmppsEventAnswer

router = APIRouter(prefix="/v1", tags=["custody"], dependencies=[require(Scope.PUSH)])
commands = APIRouter(route_class=IdempotentRoute)


@commands.post("/people/{person}/custody-events", status_code=201, dependencies=[key_required])
async def report_movement(
    body: CustodyEventBody, found: FoundDep, session: SessionDep, actor: ActorDep, now: NowDep
) -> CustodyEventAnswer:
    """For prisons without HMPPS events. A transfer hands over custody and involvement, and keeps everything else."""
    movement_id, outcome = await record_custody_event(
        session,
        person_id=found.person_id,
        status=body.type,
        at=body.at,
        to_prison=body.to_prison,
        reason_code=body.reason_code,
        actor=actor,
        now=now,
    )
    return CustodyEventAnswer(movement_id=movement_id, outcome=outcome)


@router.post("/events", status_code=202, response_model=HmppsEventAnswer)
async def receive_event(
    request: Request, session: SessionDep, actor: ActorDep, now: NowDep
) -> HmppsEventAnswer | Response:
    """An HMPPS domain event, bare or in its SNS envelope: 202 with its id, however often it comes; 204 if not used."""
    event = hmpps.parse(await request.body())
    if event is None or event.kind not in USED:
        return Response(status_code=204)
    await apply_hmpps_event(session, event=event, actor=actor, now=now)
    return HmppsEventAnswer(event_id=event.event_id)


router.include_router(commands)
