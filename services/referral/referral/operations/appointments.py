"""Appointments of either end, and what became of them. Each has an id; its own side alone changes it."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth import Actor
from chassis.ids import new_id
from contracts.codes import AppointmentOutcome, ReferralAction, ReferralRole
from contracts.errors import Conflict, NotFound
from contracts.referral import ReferralAppointmentChangedV1
from referral.models import AppointmentRow
from referral.operations.case import RECEIVER, Case, Precondition, open_own_case, step, touch
from referral.operations.keep import keep, tell_of_appointment

MOST_APPOINTMENTS = 200
"""Of one side of a referral, nearly two a week for two years: the sender's go with every offer of it, all together."""


class TooManyAppointments(Conflict):
    """This side has made as many appointments as are kept of one referral."""

    code: ClassVar[str] = "too-many-appointments"


class NoSuchAppointment(NotFound):
    """This side made no such appointment."""


async def make_appointment(
    session: AsyncSession,
    *,
    referral_id: str,
    ensure: Precondition,
    at: datetime,
    with_whom: str | None,
    place: str | None,
    participants: Sequence[str] | None,
    actor: Actor,
    now: datetime,
) -> tuple[Case, str]:
    """Returns the case and the appointment's id. Raises TooManyAppointments."""
    case, role = await open_own_case(session, referral_id, actor=actor, now=now)
    ensure(case.sides[role].version)
    step(case, role, ReferralAction.APPOINTMENTS, role)
    row = add_appointment(session, case, role, at=at, with_whom=with_whom, place=place, participants=participants)
    await keep(session, case)
    return case, row.appointment_id


def add_appointment(
    session: AsyncSession,
    case: Case,
    role: ReferralRole,
    *,
    at: datetime,
    with_whom: str | None = None,
    place: str | None = None,
    participants: Sequence[str] | None = None,
) -> AppointmentRow:
    """One more appointment of that side; the case is still to be kept. Raises TooManyAppointments."""
    if len(case.meetings(role)) >= MOST_APPOINTMENTS:
        raise TooManyAppointments
    row = AppointmentRow(
        appointment_id=new_id(),
        referral_id=case.row.referral_id,
        role=role.value,
        at=at,
        with_whom=with_whom,
        place=place,
        participants=list(participants) if participants else None,
        version=1,
        made_at=case.now,
    )
    session.add(row)
    case.appointments = sorted([*case.appointments, row], key=lambda each: each.at)
    case.tell = "referral.appointment-made"
    _tell(case, row)
    return row


async def record_attendance(
    session: AsyncSession,
    *,
    referral_id: str,
    appointment_id: str,
    ensure: Precondition,
    outcome: AppointmentOutcome,
    actor: Actor,
    now: datetime,
) -> Case:
    """Whether the person came. The first time somebody came to the receiver, the referral is in progress."""
    case, role = await open_own_case(session, referral_id, actor=actor, now=now)
    ensure(case.sides[role].version)
    own = [row for row in case.appointments if row.appointment_id == appointment_id and row.role == role]
    if not own:
        raise NoSuchAppointment
    step(case, role, ReferralAction.ATTENDANCE, role, outcome=outcome, member=actor.member)
    (row,) = own
    row.outcome = outcome.value
    row.outcome_at = now
    row.version += 1
    case.tell = f"referral.appointment-{outcome}"
    _tell(case, row)
    await keep(session, case)
    return case


def _tell(case: Case, row: AppointmentRow) -> None:
    case.events.append(
        ReferralAppointmentChangedV1(
            person_id=case.row.person_id,
            referral_id=case.row.referral_id,
            appointment_id=row.appointment_id,
            scheduled_at=row.at,
            outcome=AppointmentOutcome(row.outcome) if row.outcome else None,
            at=case.now,
        )
    )
    if row.role == RECEIVER:
        tell_of_appointment(case, row)
    else:
        touch(case, RECEIVER)
