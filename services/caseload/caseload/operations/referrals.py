"""Involvement that follows referrals: open from the acceptance of one until the last one has ended.

A referral says at each step whether its receiver has the person on its books; a step that says nothing new is nothing.
It speaks of the number under which it was made, and so does the involvement that comes of it: what two numbers are to
each other meanwhile is another matter, and a merge that is undone gives both back together.
"""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from caseload.domain.involvement import Claim
from caseload.domain.referrals import ROLES, left_standing, roles_left
from caseload.models import AgencyRow, Involvement, TakenOn
from caseload.operations.involvement_rows import announce, end, write
from caseload.queries import facts, people
from contracts.codes import AgencyKind, InvolvementState
from contracts.referral import ReferralStateChangedV1


async def follow_referral(session: AsyncSession, *, event: ReferralStateChangedV1, now: datetime) -> None:
    """Opens or closes the receiver's involvement as the referral says; of who was erased nothing is kept."""
    if not await people.roots(session, [event.person_id]):
        return
    person_id = (await people.lock(session, [event.person_id]))[event.person_id]
    taken = await session.get(TakenOn, event.referral_id, populate_existing=True)
    if event.involved and taken is None:
        await _open(session, event, person_id, now)
    elif not event.involved and taken is not None:
        await _close(session, taken, now)


async def _open(session: AsyncSession, event: ReferralStateChangedV1, person_id: str, now: datetime) -> None:
    agency = await session.get(AgencyRow, event.receiver)
    role = ROLES.get(AgencyKind(agency.kind)) if agency is not None else None
    if role is None:
        return
    present = await _live(session, person_id, event.person_id, event.receiver)
    others = await _taken_on(session, event.person_id, event.receiver)
    stood_as = InvolvementState(present.state) if present else None
    if others:
        stood_as = others[0].stood_as
    taken = TakenOn(
        referral_id=event.referral_id,
        person_id=person_id,
        recorded_person_id=event.person_id,
        agency=event.receiver,
        role=role,
        stood_as=stood_as,
        since=now,
    )
    session.add(taken)
    roles = tuple(dict.fromkeys((*(present.roles if present else ()), role)))
    await _say(session, present, taken, roles=roles, state=InvolvementState.CONFIRMED, now=now)


async def _close(session: AsyncSession, taken: TakenOn, now: datetime) -> None:
    await session.delete(taken)
    await session.flush()
    present = await _live(session, taken.person_id, taken.recorded_person_id, taken.agency)
    if present is None or present.state != InvolvementState.CONFIRMED:
        return  # it ended before, and what the agency claims since is no referral's to end
    others = await _taken_on(session, taken.recorded_person_id, taken.agency)
    roles = roles_left(tuple(present.roles), taken.role, frozenset(other.role for other in others))
    another = present.confirmed_by not in (None, taken.agency)
    left = InvolvementState.CONFIRMED if others else left_standing(taken.stood_as, confirmed_by_another=another)
    if left is None:
        await end(session, [present], via="referral", now=now)
        return
    await _say(session, present, taken, roles=roles, state=left, now=now)


async def _say(
    session: AsyncSession,
    present: Involvement | None,
    taken: TakenOn,
    *,
    roles: tuple[str, ...],
    state: InvolvementState,
    now: datetime,
) -> None:
    """Writes the involvement with these roles in this state; what else its agency said of it stays."""
    claim = Claim(
        roles=roles,
        lead=present.lead if present else False,
        reason=present.reason if present else None,
        reference=present.reference if present else None,
        until=present.until if present else None,
    )
    row, changed = write(
        present,
        person_id=taken.person_id,
        recorded_person_id=taken.recorded_person_id,
        agency=taken.agency,
        claim=claim,
        state=state,
        via="referral",
        now=now,
    )
    session.add(row)
    await session.flush()
    if changed:
        await announce(session, [row], now=now)


async def _live(session: AsyncSession, person_id: str, number: str, agency: str) -> Involvement | None:
    """The agency's involvement that was recorded under this number of the person."""
    found = await facts.live_involvements(session, person_id, agency=agency)
    return next((row for row in found if row.recorded_person_id == number), None)


async def _taken_on(session: AsyncSession, number: str, agency: str) -> list[TakenOn]:
    statement = (
        select(TakenOn)
        .where(col(TakenOn.recorded_person_id) == number, col(TakenOn.agency) == agency)
        .order_by(col(TakenOn.since), col(TakenOn.referral_id))
        .execution_options(populate_existing=True)
    )
    return list(await session.scalars(statement))
