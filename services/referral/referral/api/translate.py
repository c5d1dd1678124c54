"""From a case to what one side is answered: what it wrote, and the bare state that it may know.

How often others refused, and which service was asked for, the sender tells the receiver with the referral: the gateway
adds them from the share, so that they are gone with it.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from fastapi import Response
from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth import Actor
from chassis.etag import etag_of
from contracts.codes import ReferralAlert, ReferralRole, ReferralWarning
from contracts.http.referral import ReferralAnswer
from contracts.http.services import ServiceAnswer
from referral.domain.contents import Meeting
from referral.domain.judge import WARNINGS
from referral.domain.machine import allowed_actions
from referral.models import ServiceRow
from referral.operations.case import SENDER, Case, role_of
from referral.queries.agencies import contacts_of
from referral.queries.directory import Answers
from referral.queries.referrals import chains_of, history_of

SAID = (
    "needs",
    "reason",
    "urgency",
    "scores",
    "statutory",
    "order_reference",
    "previous_contact",
    "communication_needs",
    "location",
    "consent_id",
    "expected_start",
    "reason_code",
)
COMPUTED = frozenset({"waiting_days", "acceptance_rate"})
ANSWERED = (
    "reason_code",
    "comment",
    "next",
    "question",
    "team",
    "member",
    "interim_support",
    "expected_start",
    "on_hold_until",
    "result",
    "outcome_scores",
)


async def answers(session: AsyncSession, cases: Sequence[Case], role: ReferralRole) -> list[ReferralAnswer]:
    """The cases as this side has them, in their order."""
    if not cases:
        return []
    agency = cases[0].sides[role].agency
    history = await history_of(session, [case.row.referral_id for case in cases], role=role)
    chains = await chains_of(session, sorted({case.row.chain_id for case in cases}), agency=agency)
    contacts = await contacts_of(session, [case.row.receiver for case in cases if case.sides[role].overdue])
    return [
        _answer(
            case,
            role,
            history[case.row.referral_id],
            chains[case.row.chain_id, role is SENDER],
            contacts.get(case.row.receiver) if case.sides[role].overdue else None,
        )
        for case in cases
    ]


async def answer(session: AsyncSession, case: Case, role: ReferralRole) -> ReferralAnswer:
    return (await answers(session, [case], role))[0]


async def answered(session: AsyncSession, case: Case, actor: Actor, response: Response) -> ReferralAnswer:
    """What an action answers its caller, with the ETag of the caller's own side."""
    found = await answer(session, case, role_of(case.row, actor))
    response.headers["ETag"] = etag_of(found.version)
    return found


def _answer(
    case: Case,
    role: ReferralRole,
    history: Sequence[RowMapping],
    chain: RowMapping,
    contact: dict[str, Any] | None,
) -> ReferralAnswer:
    row, side = case.row, case.sides[role]
    is_sender = role is SENDER
    words = {name: row.said.get(name) for name in SAID} if is_sender else {n: row.answer.get(n) for n in ANSWERED}
    return ReferralAnswer.model_validate(
        {
            **words,
            "referral_id": row.referral_id,
            "chain_id": row.chain_id,
            "version": side.version,
            "person_id": row.person_id,
            "from": row.sender,
            "to": row.receiver,
            "service_id": row.service_id if is_sender else None,
            "onward_of": row.onward_of if is_sender else None,
            "state": side.state,
            "direction": "sent" if is_sender else "received",
            "submitted_at": row.submitted_at,
            "received_at": row.received_at,
            "due_at": side.due_at,
            "overdue": side.overdue,
            "contact": contact,
            "alerts": [alert for alert in side.alerts if is_sender or alert != ReferralAlert.BOUNCED_TWICE],
            "appointments": [_meeting(meeting) for meeting in case.meetings(role)],
            "chain": {
                "bounces": int(chain["bounces"]) if is_sender else int(side.state == "rejected"),
                "days": (case.now - chain["began"]) // timedelta(days=1) if is_sender else 0,
                "accepted": bool(chain["accepted"]),
            },
            "warnings": [{"code": code, "detail": WARNINGS[ReferralWarning(code)]} for code in row.warnings]
            if is_sender
            else [],
            "history": [
                {name: line[name] for name in ("at", "from_state", "to_state", "by", "code")} for line in history
            ],
            "allowed_actions": allowed_actions(side.state, role),
        }
    )


def service_answer(row: ServiceRow, found: Answers | None) -> ServiceAnswer:
    said: dict[str, Any] = {name: getattr(row, name) for name in ServiceAnswer.model_fields if name not in COMPUTED}
    known = found or Answers()
    return ServiceAnswer.model_validate(
        said | {"waiting_days": known.waiting_days, "acceptance_rate": known.acceptance_rate}
    )


def _meeting(meeting: Meeting) -> dict[str, Any]:
    return {
        "appointment_id": meeting.appointment_id,
        "at": meeting.at,
        "with": meeting.with_whom,
        "place": meeting.place,
        "participants": meeting.participants,
        "outcome": meeting.outcome,
    }
