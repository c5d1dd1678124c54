"""How the receiver answers. Every action takes `If-Match` and answers the referral as the receiver has it."""

from fastapi import APIRouter, Response

from chassis.auth import ActorDep, require
from chassis.idempotency import IdempotentRoute
from chassis.session import SessionDep
from contracts.codes import Scope
from contracts.http.referral import (
    AcceptanceBody,
    AdviceBody,
    AllocationBody,
    HoldBody,
    InformationRequestBody,
    OutcomeBody,
    ReferralAnswer,
    RejectionBody,
)
from referral.api.dependencies import NowDep, SeenDep
from referral.api.translate import answered
from referral.operations import act

router = APIRouter(prefix="/v1/referrals/{referral_id}", tags=["actions"], route_class=IdempotentRoute)
ANSWER = [require(Scope.ANSWER)]


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
    return await answered(session, case, actor, response)


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
    return await answered(session, case, actor, response)


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
    return await answered(session, case, actor, response)


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
    return await answered(session, case, actor, response)


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
    return await answered(session, case, actor, response)


@router.post("/resumption", dependencies=ANSWER, response_model_exclude_none=True)
async def resumption(
    referral_id: str, response: Response, session: SessionDep, actor: ActorDep, now: NowDep, seen: SeenDep
) -> ReferralAnswer:
    case = await act.resume(session, referral_id=referral_id, ensure=seen, actor=actor, now=now)
    return await answered(session, case, actor, response)


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
    return await answered(session, case, actor, response)


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
    return await answered(session, case, actor, response)
