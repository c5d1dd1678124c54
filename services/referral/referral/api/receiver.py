"""How the receiver answers. Every action takes `If-Match` and answers the referral as the receiver has it."""

from fastapi import APIRouter

from chassis.auth import require
from chassis.idempotency import IdempotentRoute
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
from referral.api.dependencies import ActingDep
from referral.operations import act

router = APIRouter(prefix="/v1/referrals/{referral_id}", tags=["actions"], route_class=IdempotentRoute)
ANSWER = [require(Scope.ANSWER)]


@router.post("/acceptance", dependencies=ANSWER, response_model_exclude_none=True)
async def acceptance(body: AcceptanceBody, on: ActingDep) -> ReferralAnswer:
    return await on.answer(
        act.accept(
            on.session,
            team=body.team,
            appointment_at=body.appointment_at,
            interim_support=body.interim_support,
            **on.who,
        )
    )


@router.post("/rejection", dependencies=ANSWER, response_model_exclude_none=True)
async def rejection(body: RejectionBody, on: ActingDep) -> ReferralAnswer:
    """The onward referral that `next` names is drafted for the sender when the sender hears of this."""
    return await on.answer(
        act.reject(
            on.session,
            code=body.reason_code,
            comment=body.comment,
            next_kind=body.next.kind,
            next_id=body.next.id,
            **on.who,
        )
    )


@router.post("/advice", dependencies=ANSWER, response_model_exclude_none=True)
async def advice(body: AdviceBody, on: ActingDep) -> ReferralAnswer:
    return await on.answer(act.advise(on.session, comment=body.comment, **on.who))


@router.post("/information-request", dependencies=ANSWER, response_model_exclude_none=True)
async def information_request(body: InformationRequestBody, on: ActingDep) -> ReferralAnswer:
    return await on.answer(act.ask(on.session, question=body.question, **on.who))


@router.post("/hold", dependencies=ANSWER, response_model_exclude_none=True)
async def hold(body: HoldBody, on: ActingDep) -> ReferralAnswer:
    return await on.answer(act.hold(on.session, reason=body.reason, until=body.until, **on.who))


@router.post("/resumption", dependencies=ANSWER, response_model_exclude_none=True)
async def resumption(on: ActingDep) -> ReferralAnswer:
    return await on.answer(act.resume(on.session, **on.who))


@router.post("/allocation", dependencies=ANSWER, response_model_exclude_none=True)
async def allocation(body: AllocationBody, on: ActingDep) -> ReferralAnswer:
    return await on.answer(act.allocate(on.session, member=body.member, team=body.team, **on.who))


@router.post("/outcome", dependencies=ANSWER, response_model_exclude_none=True)
async def outcome(body: OutcomeBody, on: ActingDep) -> ReferralAnswer:
    scores = body.scores.model_dump(mode="json", exclude_none=True) if body.scores else None
    return await on.answer(act.end(on.session, result=body.result, code=body.code, scores=scores, **on.who))
