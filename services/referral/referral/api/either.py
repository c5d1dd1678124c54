"""What either end does: appointments, whether the person came, and when it can start."""

from fastapi import APIRouter

from chassis.auth import require
from chassis.idempotency import IdempotentRoute, key_required
from contracts.codes import Scope
from contracts.http.referral import AppointmentBody, AppointmentMade, AttendanceBody, ReferralAnswer, WaitingUpdateBody
from referral.api.dependencies import ActingDep
from referral.api.translate import answered
from referral.operations import act, appointments

router = APIRouter(prefix="/v1/referrals/{referral_id}", tags=["actions"], route_class=IdempotentRoute)
READ = [require(Scope.READ)]


@router.post("/waiting-update", dependencies=READ, response_model_exclude_none=True)
async def waiting_update(body: WaitingUpdateBody, on: ActingDep) -> ReferralAnswer:
    return await on.answer(act.expect(on.session, start=body.expected_start, **on.who))


@router.post("/appointments", dependencies=[*READ, key_required], status_code=201, response_model_exclude_none=True)
async def make_appointment(body: AppointmentBody, on: ActingDep) -> AppointmentMade:
    """Either end's; its id goes with the referral."""
    case, appointment_id = await appointments.make_appointment(
        on.session,
        at=body.at,
        with_whom=body.with_whom,
        place=body.place,
        participants=body.participants,
        **on.who,
    )
    found = await answered(on.session, case, on.who["actor"], on.response)
    return AppointmentMade.model_validate(found.model_dump(by_alias=True) | {"appointment_id": appointment_id})


@router.post("/appointments/{appointment_id}/attendance", dependencies=READ, response_model_exclude_none=True)
async def attendance(appointment_id: str, body: AttendanceBody, on: ActingDep) -> ReferralAnswer:
    return await on.answer(
        appointments.record_attendance(on.session, appointment_id=appointment_id, outcome=body.outcome, **on.who)
    )
