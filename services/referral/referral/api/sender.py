"""What the sender does to a referral. Every action takes `If-Match` and answers the referral as the sender has it."""

from fastapi import APIRouter

from chassis.auth import require
from chassis.idempotency import IdempotentRoute
from contracts.codes import ReferralAction, Scope
from contracts.http.referral import InformationBody, ReasonBody, ReferralAnswer
from referral.api.dependencies import ActingDep
from referral.operations import act

router = APIRouter(prefix="/v1/referrals/{referral_id}", tags=["actions"], route_class=IdempotentRoute)
REFER = [require(Scope.REFER)]


@router.post("/submission", dependencies=REFER, response_model_exclude_none=True)
async def submission(on: ActingDep) -> ReferralAnswer:
    """Confirms the draft of an onward referral, or sends again after advice."""
    return await on.answer(act.submit_again(on.session, **on.who))


@router.post("/information", dependencies=REFER, response_model_exclude_none=True)
async def information(body: InformationBody, on: ActingDep) -> ReferralAnswer:
    return await on.answer(act.answer_question(on.session, answer=body.answer, **on.who))


@router.post("/withdrawal", dependencies=REFER, response_model_exclude_none=True)
async def withdrawal(body: ReasonBody, on: ActingDep) -> ReferralAnswer:
    action = ReferralAction.WITHDRAWAL
    return await on.answer(act.take_back(on.session, action=action, code=body.reason_code, **on.who))


@router.post("/closure", dependencies=REFER, response_model_exclude_none=True)
async def closure(body: ReasonBody, on: ActingDep) -> ReferralAnswer:
    """The sender decides that nothing more is done."""
    action = ReferralAction.CLOSURE
    return await on.answer(act.take_back(on.session, action=action, code=body.reason_code, **on.who))
