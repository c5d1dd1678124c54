"""What the two ends do to a referral. Each is judged by its own side: `If-Match` first, then what its state allows."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth import Actor
from contracts.codes import (
    OUTCOMES_IN_USE,
    WITHDRAWALS_IN_USE,
    NextKind,
    OutcomeCode,
    OutcomeResult,
    ReferralAction,
    ReferralRole,
    RejectionCode,
    WithdrawalCode,
)
from contracts.errors import Conflict
from contracts.event import JsonObject
from contracts.referral import ReferralBouncedV1
from referral.calendar import today
from referral.domain.policy import DEFAULT
from referral.domain.reasons import ensure_in_use, ensure_rejection
from referral.operations.appointments import add_appointment
from referral.operations.case import RECEIVER, SENDER, Case, Precondition, follow, open_own_case, step, touch
from referral.operations.keep import keep
from referral.operations.write import receiver_of

A = ReferralAction
LASTING = ("team", "member", "interim_support", "expected_start")
"""What a receiver said that its next answer leaves standing."""
MOST_ANSWERS = 100
"""A sender's answers to questions: all of them go with every offer of the referral."""


class AskedTooOften(Conflict):
    """The sender was asked about this referral as often as answers are kept of one."""

    code: ClassVar[str] = "asked-too-often"


async def submit_again(
    session: AsyncSession, *, referral_id: str, ensure: Precondition, actor: Actor, now: datetime
) -> Case:
    """Confirms a draft, or sends it again after advice."""
    case, role = await _opened(session, referral_id, ensure, actor, now)
    step(case, role, A.SUBMISSION, role, member=actor.member)
    follow(case, RECEIVER, A.SUBMISSION, SENDER)
    case.row.submitted_at = now
    case.tell, case.awaits = "referral.submitted", True
    await keep(session, case)
    return case


async def answer_question(
    session: AsyncSession, *, referral_id: str, ensure: Precondition, answer: str, actor: Actor, now: datetime
) -> Case:
    """What the receiver asked for."""
    case, role = await _opened(session, referral_id, ensure, actor, now)
    step(case, role, A.INFORMATION, role, member=actor.member)
    follow(case, RECEIVER, A.INFORMATION, SENDER)
    given = [*case.row.said.get("information", ()), {"answer": answer, "at": now.isoformat()}]
    case.row.said = case.row.said | {"information": given}
    case.tell = "referral.information-given"
    await keep(session, case)
    return case


async def take_back(
    session: AsyncSession,
    *,
    referral_id: str,
    ensure: Precondition,
    action: ReferralAction,
    code: WithdrawalCode,
    actor: Actor,
    now: datetime,
) -> Case:
    """Withdrawal or closure: for the sender it is over, whatever the receiver has made of it since."""
    ensure_in_use(code, WITHDRAWALS_IN_USE, today(now), pointer="/reason_code")
    case, role = await _opened(session, referral_id, ensure, actor, now)
    step(case, role, action, role, code=code, member=actor.member)
    follow(case, RECEIVER, action, SENDER, code=code)
    case.row.said = case.row.said | {"reason_code": code.value}
    await keep(session, case)
    return case


async def accept(
    session: AsyncSession,
    *,
    referral_id: str,
    ensure: Precondition,
    team: str | None,
    appointment_at: datetime | None,
    interim_support: str | None,
    actor: Actor,
    now: datetime,
) -> Case:
    """Yes, perhaps with the first appointment. The involvement that this opens is caseload's to note. Raises
    TooManyAppointments."""
    case, role = await _opened(session, referral_id, ensure, actor, now)
    step(case, role, A.ACCEPTANCE, role, member=actor.member)
    _say(case, {"team": team, "interim_support": interim_support})
    if appointment_at is not None:
        add_appointment(session, case, role, at=appointment_at)
    await keep(session, case)
    return case


async def reject(
    session: AsyncSession,
    *,
    referral_id: str,
    ensure: Precondition,
    code: RejectionCode,
    comment: str | None,
    next_kind: NextKind,
    next_id: str | None,
    actor: Actor,
    now: datetime,
) -> Case:
    """No, with what comes next. Raises NotInUse, CommentRequired, NoReceiver."""
    ensure_rejection(code, comment, today(now))
    if next_kind is not NextKind.NONE:
        agency, service = (next_id, None) if next_kind is NextKind.AGENCY else (None, next_id)
        await receiver_of(session, to_agency=agency, service_id=service, pointer="/next/id")
    case, role = await _opened(session, referral_id, ensure, actor, now)
    step(case, role, A.REJECTION, role, code=code, member=actor.member)
    following: JsonObject = {"kind": next_kind.value} | ({"id": next_id} if next_id else {})
    _say(case, {"reason_code": code.value, "comment": comment, "next": following})
    bounces = case.row.bounces + 1
    if bounces >= DEFAULT.flagged_bounces:
        case.events.append(
            ReferralBouncedV1(
                person_id=case.row.person_id,
                chain_id=case.row.chain_id,
                referral_id=referral_id,
                bounces=bounces,
                days=case.row.said["chain_days"],
                at=now,
            )
        )
    await keep(session, case)
    return case


async def advise(
    session: AsyncSession, *, referral_id: str, ensure: Precondition, comment: str, actor: Actor, now: datetime
) -> Case:
    return await _answered(session, referral_id, ensure, A.ADVICE, {"comment": comment}, actor, now)


async def ask(
    session: AsyncSession, *, referral_id: str, ensure: Precondition, question: str, actor: Actor, now: datetime
) -> Case:
    """Asks the sender for more; the clock stands until they answer. Raises AskedTooOften."""
    case, role = await _opened(session, referral_id, ensure, actor, now)
    step(case, role, A.INFORMATION_REQUEST, role, member=actor.member)
    if len(case.row.said.get("information", ())) >= MOST_ANSWERS:
        raise AskedTooOften
    _say(case, {"question": question})
    await keep(session, case)
    return case


async def hold(
    session: AsyncSession,
    *,
    referral_id: str,
    ensure: Precondition,
    reason: str,
    until: date,
    actor: Actor,
    now: datetime,
) -> Case:
    said = {"comment": reason, "on_hold_until": until.isoformat()}
    return await _answered(session, referral_id, ensure, A.HOLD, said, actor, now)


async def resume(session: AsyncSession, *, referral_id: str, ensure: Precondition, actor: Actor, now: datetime) -> Case:
    return await _answered(session, referral_id, ensure, A.RESUMPTION, {}, actor, now)


async def allocate(
    session: AsyncSession,
    *,
    referral_id: str,
    ensure: Precondition,
    member: str | None,
    team: str | None,
    actor: Actor,
    now: datetime,
) -> Case:
    said = {"member": member, "team": team}
    return await _answered(session, referral_id, ensure, A.ALLOCATION, said, actor, now)


async def end(
    session: AsyncSession,
    *,
    referral_id: str,
    ensure: Precondition,
    result: OutcomeResult,
    code: OutcomeCode,
    scores: JsonObject | None,
    actor: Actor,
    now: datetime,
) -> Case:
    """How it ended, with the scores at the end."""
    ensure_in_use(code, OUTCOMES_IN_USE, today(now), pointer="/code")
    said = {"result": result.value, "reason_code": code.value, "outcome_scores": scores}
    return await _answered(session, referral_id, ensure, A.OUTCOME, said, actor, now, outcome=result, code=code)


async def expect(
    session: AsyncSession, *, referral_id: str, ensure: Precondition, start: date, actor: Actor, now: datetime
) -> Case:
    """When it can start, as either end says it."""
    case, role = await _opened(session, referral_id, ensure, actor, now)
    step(case, role, A.WAITING_UPDATE, role)
    told = {"expected_start": start.isoformat()}
    if role is SENDER:
        case.row.said = case.row.said | told
        touch(case, RECEIVER)
    else:
        case.row.answer = case.row.answer | told
    case.tell = "referral.waiting-updated"
    await keep(session, case)
    return case


async def _opened(
    session: AsyncSession, referral_id: str, ensure: Precondition, actor: Actor, now: datetime
) -> tuple[Case, ReferralRole]:
    case, role = await open_own_case(session, referral_id, actor=actor, now=now)
    ensure(case.sides[role].version)
    return case, role


async def _answered(
    session: AsyncSession,
    referral_id: str,
    ensure: Precondition,
    action: ReferralAction,
    said: dict[str, Any],
    actor: Actor,
    now: datetime,
    *,
    outcome: str | None = None,
    code: str | None = None,
) -> Case:
    """One answer of the receiver's: its own side moves at once, the sender's when the answer was shared."""
    case, role = await _opened(session, referral_id, ensure, actor, now)
    step(case, role, action, role, outcome=outcome, code=code, member=actor.member)
    _say(case, said)
    await keep(session, case)
    return case


def _say(case: Case, said: dict[str, Any]) -> None:
    lasting = {name: case.row.answer[name] for name in LASTING if name in case.row.answer}
    case.row.answer = lasting | {name: value for name, value in said.items() if value is not None}
    if case.row.answered_at is None:
        case.row.answered_at = case.now
