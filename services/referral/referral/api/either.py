"""What either end does: appointments, whether the person came, and when it can start."""

from fastapi import APIRouter, Response

from chassis.auth import ActorDep, require
from chassis.idempotency import IdempotentRoute, key_required
from chassis.session import SessionDep
from contracts.codes import Scope
from contracts.http.referral import AppointmentBody, AppointmentMade, AttendanceBody, ReferralAnswer, WaitingUpdateBody
from referral.api.dependencies import NowDep, SeenDep
from referral.api.translate import answered
from referral.operations import act, appointments

router = APIRouter(prefix="/v1/referrals/{referral_id}", tags=["actions"], route_class=IdempotentRoute)
READ = [require(Scope.READ)]


@router.post("/waiting-update", dependencies=READ, response_model_exclude_none=True)
async def waiting_update(
    referral_id: str,
    body: WaitingUpdateBody,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
    seen: SeenDep,
) -> ReferralAnswer:
    case = await act.expect(
        session, referral_id=referral_id, ensure=seen, start=body.expected_start, actor=actor, now=now
    )
    return await answered(session, case, actor, response)


@router.post("/appointments", dependencies=[*READ, key_required], status_code=201, response_model_exclude_none=True)
async def make_appointment(
    referral_id: str,
    body: AppointmentBody,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
    seen: SeenDep,
) -> AppointmentMade:
    """Either end's; its id goes with the referral."""
    case, appointment_id = await appointments.make_appointment(
        session,
        referral_id=referral_id,
        ensure=seen,
        at=body.at,
        with_whom=body.with_whom,
        place=body.place,
        participants=body.participants,
        actor=actor,
        now=now,
    )
    found = await answered(session, case, actor, response)
    return AppointmentMade.model_validate(found.model_dump(by_alias=True) | {"appointment_id": appointment_id})


@router.post("/appointments/{appointment_id}/attendance", dependencies=READ, response_model_exclude_none=True)
async def attendance(
    referral_id: str,
    appointment_id: str,
    body: AttendanceBody,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
    seen: SeenDep,
) -> ReferralAnswer:
    case = await appointments.record_attendance(
        session,
        referral_id=referral_id,
        appointment_id=appointment_id,
        ensure=seen,
        outcome=body.outcome,
        actor=actor,
        now=now,
    )
    return await answered(session, case, actor, response)
