"""A referral as one transaction works on it: both sides, its appointments, and what is still to be written and told.

Who has a case holds its person's lock. Steps are taken here; `operations.keep.keep` writes what came of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.auth import Actor
from chassis.ids import new_id
from contracts.codes import AppointmentOutcome, ReferralAction, ReferralRole, ReferralState
from contracts.errors import NotFound
from contracts.event import EventData
from contracts.referral import ReferralStateChangedV1
from referral.calendar import england_and_wales
from referral.domain.contents import Meeting
from referral.domain.machine import is_taken_on
from referral.domain.side import Side, acted, allows, moved
from referral.models import AppointmentRow, HistoryRow, ReferralRow, SideRow
from referral.queries.persons import lock_person
from referral.queries.rows import side_of

SENDER, RECEIVER, SYSTEM = ReferralRole.SENDER, ReferralRole.RECEIVER, ReferralRole.SYSTEM
ENDS = (SENDER, RECEIVER)

Precondition = Callable[[int], None]
"""Raises unless the caller's own side has the version that they mean to change."""


class NoSuchReferral(NotFound):
    """There is no such referral that is yours to see."""


@dataclass
class Case:
    """`tell` is what a feed item about the new offer is called; `awaits` says that nothing older counts as received."""

    row: ReferralRow
    rows: dict[ReferralRole, SideRow]
    sides: dict[ReferralRole, Side]
    appointments: list[AppointmentRow]
    now: datetime
    tell: str = "referral.changed"
    awaits: bool = False
    date_moved: bool = False
    history: list[HistoryRow] = field(default_factory=list)
    events: list[EventData] = field(default_factory=list)

    @property
    def sender(self) -> Side:
        return self.sides[SENDER]

    @property
    def receiver(self) -> Side:
        return self.sides[RECEIVER]

    def meetings(self, role: ReferralRole) -> list[Meeting]:
        return [meeting_of(row) for row in self.appointments if row.role == role]


def step(
    case: Case,
    role: ReferralRole,
    action: ReferralAction,
    by: ReferralRole,
    *,
    outcome: str | None = None,
    code: str | None = None,
    member: str | None = None,
) -> None:
    """Moves one side. Raises TransitionNotAllowed, by what that side may know."""
    before = case.sides[role]
    after = acted(before, action, by, now=case.now, holidays=england_and_wales, outcome=outcome)
    case.sides[role] = after
    if after.state is not before.state:
        note(case, role, before.state, after, action, by, code=code, member=member)


def follow(
    case: Case, role: ReferralRole, action: ReferralAction, by: ReferralRole, *, code: str | None = None
) -> bool:
    """Moves the side if its state allows this, and says whether it did."""
    if not allows(case.sides[role], action, by):
        return False
    step(case, role, action, by, code=code)
    return True


def touch(case: Case, role: ReferralRole) -> None:
    """Something new on this side, in the same state."""
    side = case.sides[role]
    case.sides[role] = moved(side, side.state, now=case.now, holidays=england_and_wales)


def note(
    case: Case,
    role: ReferralRole,
    from_state: ReferralState | None,
    after: Side,
    action: ReferralAction,
    by: ReferralRole,
    *,
    code: str | None = None,
    member: str | None = None,
) -> None:
    """A line of that side's history, with the code only where the side gave it; and the event, once, of what is so. It
    is of the number under which the referral was made: so its states stay in order through merges."""
    if role is SENDER or case.row.received_at is not None:
        case.history.append(
            HistoryRow(
                history_id=new_id(),
                referral_id=case.row.referral_id,
                role=role.value,
                at=case.now,
                from_state=from_state.value if from_state else None,
                to_state=after.state.value,
                by=by.value,
                action=action.value,
                code=code if by is role else None,
                member=member if by is role else None,
            )
        )
    if role is RECEIVER:
        case.events.append(
            ReferralStateChangedV1(
                person_id=case.row.recorded_person_id,
                referral_id=case.row.referral_id,
                chain_id=case.row.chain_id,
                sender=case.row.sender,
                receiver=case.row.receiver,
                from_state=from_state,
                to_state=after.state,
                action=action,
                by=by,
                code=code,
                involved=is_taken_on(after.state, after.resumes),
                at=case.now,
            )
        )


async def open_case(session: AsyncSession, referral_id: str, *, now: datetime) -> Case:
    """The case, its person locked until the transaction ends. Raises NoSuchReferral."""
    locked: str | None = None
    while True:
        person_id = await session.scalar(
            text("SELECT person_id FROM referral WHERE referral_id = :id"), {"id": referral_id}
        )
        if person_id is None:
            raise NoSuchReferral
        if person_id == locked:
            return (await read_cases(session, [referral_id], now=now))[0]
        locked = await lock_person(session, person_id)  # while it waited two may have become one, or two again


async def open_own_case(
    session: AsyncSession, referral_id: str, *, actor: Actor, now: datetime
) -> tuple[Case, ReferralRole]:
    """The case and which side of it the caller is. Raises NoSuchReferral, also where the caller may not know of it."""
    case = await open_case(session, referral_id, now=now)
    return case, role_of(case.row, actor)


def role_of(row: ReferralRow, actor: Actor) -> ReferralRole:
    """Raises NoSuchReferral for who is neither end, and for a receiver before the share is in the log."""
    if actor.agency == row.sender:
        return SENDER
    if actor.agency == row.receiver and row.received_at is not None:
        return RECEIVER
    raise NoSuchReferral


async def read_cases(session: AsyncSession, referral_ids: Sequence[str], *, now: datetime) -> list[Case]:
    """Cases whose persons are locked, in the order of their ids."""
    ids = list(referral_ids)
    fresh = {"populate_existing": True}
    rows = await session.scalars(
        select(ReferralRow).where(ReferralRow.referral_id.in_(ids)).order_by(ReferralRow.referral_id),  # type: ignore[attr-defined]
        execution_options=fresh,
    )
    found = list(rows)
    sides: dict[str, dict[ReferralRole, SideRow]] = {row.referral_id: {} for row in found}
    for side in await session.scalars(
        select(SideRow).where(SideRow.referral_id.in_(ids)),  # type: ignore[attr-defined]
        execution_options=fresh,
    ):
        sides[side.referral_id][ReferralRole(side.role)] = side
    meetings: dict[str, list[AppointmentRow]] = {row.referral_id: [] for row in found}
    for meeting in await session.scalars(
        select(AppointmentRow).where(AppointmentRow.referral_id.in_(ids)).order_by(AppointmentRow.at),  # type: ignore[attr-defined,arg-type]
        execution_options=fresh,
    ):
        meetings[meeting.referral_id].append(meeting)
    return [
        Case(
            row=row,
            rows=sides[row.referral_id],
            sides={role: side_of(side) for role, side in sides[row.referral_id].items()},
            appointments=meetings[row.referral_id],
            now=now,
        )
        for row in found
    ]


def meeting_of(row: AppointmentRow) -> Meeting:
    return Meeting(
        appointment_id=row.appointment_id,
        at=row.at,
        with_whom=row.with_whom,
        place=row.place,
        participants=tuple(row.participants) if row.participants else None,
        outcome=AppointmentOutcome(row.outcome) if row.outcome else None,
    )
