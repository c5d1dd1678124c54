"""What either end does to a referral. Every action takes `If-Match` and answers the referral as its caller has it."""

from fastapi import APIRouter, Response

from chassis.auth import ActorDep, require
from chassis.etag import etag_of
from chassis.idempotency import IdempotentRoute, key_required
from chassis.session import SessionDep
from contracts.codes import ReferralAction, Scope
from contracts.http.referral import (
    AcceptanceBody,
    AdviceBody,
    AllocationBody,
    AppointmentBody,
    AppointmentMade,
    AttendanceBody,
    HoldBody,
    InformationBody,
    InformationRequestBody,
    OutcomeBody,
    ReasonBody,
    ReferralAnswer,
    RejectionBody,
    WaitingUpdateBody,
)
from referral.api.dependencies import NowDep, SeenDep
from referral.api.translate import answer
from referral.operations import act, appointments
from referral.operations.case import Case, role_of

router = APIRouter(prefix="/v1/referrals/{referral_id}", tags=["actions"], route_class=IdempotentRoute)
REFER = [require(Scope.REFER)]
ANSWER = [require(Scope.ANSWER)]
READ = [require(Scope.READ)]


async def _answered(session: SessionDep, case: Case, actor: ActorDep, response: Response) -> ReferralAnswer:
    found = await answer(session, case, role_of(case.row, actor))
    response.headers["ETag"] = etag_of(found.version)
    return found


@router.post("/submission", dependencies=REFER, response_model_exclude_none=True)
async def submission(
    referral_id: str, response: Response, session: SessionDep, actor: ActorDep, now: NowDep, seen: SeenDep
) -> ReferralAnswer:
    """Confirms the draft of an onward referral, or sends again after advice."""
    case = await act.submit_again(session, referral_id=referral_id, ensure=seen, actor=actor, now=now)
    return await _answered(session, case, actor, response)


@router.post("/information", dependencies=REFER, response_model_exclude_none=True)
async def information(
    referral_id: str,
    body: InformationBody,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
    seen: SeenDep,
) -> ReferralAnswer:
    case = await act.answer_question(
        session, referral_id=referral_id, ensure=seen, answer=body.answer, actor=actor, now=now
    )
    return await _answered(session, case, actor, response)


@router.post("/withdrawal", dependencies=REFER, response_model_exclude_none=True)
async def withdrawal(
    referral_id: str,
    body: ReasonBody,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
    seen: SeenDep,
) -> ReferralAnswer:
    case = await act.take_back(
        session,
        referral_id=referral_id,
        ensure=seen,
        action=ReferralAction.WITHDRAWAL,
        code=body.reason_code,
        actor=actor,
        now=now,
    )
    return await _answered(session, case, actor, response)


@router.post("/closure", dependencies=REFER, response_model_exclude_none=True)
async def closure(
    referral_id: str,
    body: ReasonBody,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
    seen: SeenDep,
) -> ReferralAnswer:
    """The sender decides that nothing more is done."""
    case = await act.take_back(
        session,
        referral_id=referral_id,
        ensure=seen,
        action=ReferralAction.CLOSURE,
        code=body.reason_code,
        actor=actor,
        now=now,
    )
    return await _answered(session, case, actor, response)


@router.post("/acceptance", dependencies=ANSWER, response_model_exclude_none=True)
async def acceptance(
    referral_id: str,
    body: AcceptanceBody,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
    seen: SeenDep,
) -> ReferralAnswer:
    case = await act.accept(
        session,
        referral_id=referral_id,
        ensure=seen,
        team=body.team,
        appointment_at=body.appointment_at,
        interim_support=body.interim_support,
        actor=actor,
        now=now,
    )
    return await _answered(session, case, actor, response)


@router.post("/rejection", dependencies=ANSWER, response_model_exclude_none=True)
async def rejection(
    referral_id: str,
    body: RejectionBody,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
    seen: SeenDep,
) -> ReferralAnswer:
    """The onward referral that `next` names is drafted for the sender when the sender hears of this."""
    case = await act.reject(
        session,
        referral_id=referral_id,
        ensure=seen,
        code=body.reason_code,
        comment=body.comment,
        next_kind=body.next.kind,
        next_id=body.next.id,
        actor=actor,
        now=now,
    )
    return await _answered(session, case, actor, response)


@router.post("/advice", dependencies=ANSWER, response_model_exclude_none=True)
async def advice(
    referral_id: str,
    body: AdviceBody,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
    seen: SeenDep,
) -> ReferralAnswer:
    case = await act.advise(session, referral_id=referral_id, ensure=seen, comment=body.comment, actor=actor, now=now)
    return await _answered(session, case, actor, response)


@router.post("/information-request", dependencies=ANSWER, response_model_exclude_none=True)
async def information_request(
    referral_id: str,
    body: InformationRequestBody,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
    seen: SeenDep,
) -> ReferralAnswer:
    case = await act.ask(session, referral_id=referral_id, ensure=seen, question=body.question, actor=actor, now=now)
    return await _answered(session, case, actor, response)


@router.post("/hold", dependencies=ANSWER, response_model_exclude_none=True)
async def hold(
    referral_id: str,
    body: HoldBody,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
    seen: SeenDep,
) -> ReferralAnswer:
    case = await act.hold(
        session,
        referral_id=referral_id,
        ensure=seen,
        reason=body.reason,
        until=body.until,
        actor=actor,
        now=now,
    )
    return await _answered(session, case, actor, response)


@router.post("/resumption", dependencies=ANSWER, response_model_exclude_none=True)
async def resumption(
    referral_id: str, response: Response, session: SessionDep, actor: ActorDep, now: NowDep, seen: SeenDep
) -> ReferralAnswer:
    case = await act.resume(session, referral_id=referral_id, ensure=seen, actor=actor, now=now)
    return await _answered(session, case, actor, response)


@router.post("/allocation", dependencies=ANSWER, response_model_exclude_none=True)
async def allocation(
    referral_id: str,
    body: AllocationBody,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
    seen: SeenDep,
) -> ReferralAnswer:
    case = await act.allocate(
        session, referral_id=referral_id, ensure=seen, member=body.member, team=body.team, actor=actor, now=now
    )
    return await _answered(session, case, actor, response)


@router.post("/outcome", dependencies=ANSWER, response_model_exclude_none=True)
async def outcome(
    referral_id: str,
    body: OutcomeBody,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
    seen: SeenDep,
) -> ReferralAnswer:
    case = await act.end(
        session,
        referral_id=referral_id,
        ensure=seen,
        result=body.result,
        code=body.code,
        scores=body.scores.model_dump(mode="json", exclude_none=True) if body.scores else None,
        actor=actor,
        now=now,
    )
    return await _answered(session, case, actor, response)


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
    return await _answered(session, case, actor, response)


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
    found = await _answered(session, case, actor, response)
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
    return await _answered(session, case, actor, response)
