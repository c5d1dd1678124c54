"""What the sender does to a referral. Every action takes `If-Match` and answers the referral as the sender has it."""

from fastapi import APIRouter, Response

from chassis.auth import ActorDep, require
from chassis.idempotency import IdempotentRoute
from chassis.session import SessionDep
from contracts.codes import ReferralAction, Scope
from contracts.http.referral import InformationBody, ReasonBody, ReferralAnswer
from referral.api.dependencies import NowDep, SeenDep
from referral.api.translate import answered
from referral.operations import act

router = APIRouter(prefix="/v1/referrals/{referral_id}", tags=["actions"], route_class=IdempotentRoute)
REFER = [require(Scope.REFER)]


@router.post("/submission", dependencies=REFER, response_model_exclude_none=True)
async def submission(
    referral_id: str, response: Response, session: SessionDep, actor: ActorDep, now: NowDep, seen: SeenDep
) -> ReferralAnswer:
    """Confirms the draft of an onward referral, or sends again after advice."""
    case = await act.submit_again(session, referral_id=referral_id, ensure=seen, actor=actor, now=now)
    return await answered(session, case, actor, response)


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
    return await answered(session, case, actor, response)


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
    return await answered(session, case, actor, response)


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
    return await answered(session, case, actor, response)
