"""Involvement that follows custody: the prison that holds a person is involved, the one that held them no more."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from caseload.domain.custody import Custody
from caseload.domain.involvement import (
    CUSTODY_ROLE,
    Claim,
)
from caseload.models import Involvement
from caseload.operations.involvement_rows import Via, announce, end, live, write
from caseload.queries import facts
from chassis.outbox import Lane
from contracts.codes import InvolvementState


async def follow_custody(
    session: AsyncSession, *, person_id: str, custody: Custody | None, via: Via, now: datetime, lane: Lane = Lane.URGENT
) -> None:
    """Makes involvement follow custody: the holder's is confirmed, that of a prison which held the person ends.

    The person's row is locked by the caller. A prison's mere claim stays a claim.
    """
    holder = custody.prison if custody else None
    live = await facts.live_involvements(session, person_id)
    gone = [
        row
        for row in live
        if CUSTODY_ROLE in row.roles and row.state == InvolvementState.CONFIRMED and row.agency != holder
    ]
    await end(session, gone, via=via, now=now, lane=lane)
    if holder is None:
        return
    present = next((row for row in live if row.agency == holder), None)
    roles = tuple(dict.fromkeys((*(present.roles if present else ()), CUSTODY_ROLE)))
    claim = Claim(
        roles=roles,
        lead=present.lead if present else False,
        reason=present.reason if present else None,
        reference=present.reference if present else None,
    )
    row, changed = write(
        present,
        person_id=person_id,
        agency=holder,
        claim=claim,
        state=InvolvementState.CONFIRMED,
        via=via,
        now=now,
    )
    row.confirmed_by = row.confirmed_by or holder
    session.add(row)
    await session.flush()
    if changed:
        await announce(session, [row], now=now, lane=lane)


async def claim_custody(
    session: AsyncSession, *, person_id: str, agency: str, member: str | None, now: datetime, lane: Lane
) -> None:
    """A prison that registers somebody whom another holds only claims; the person's row is locked by the caller."""
    if await live(session, person_id, agency) is not None:
        return
    row, _ = write(
        None,
        person_id=person_id,
        agency=agency,
        claim=Claim(roles=(CUSTODY_ROLE,)),
        state=InvolvementState.CLAIMED,
        via="registration",
        now=now,
    )
    row.claimed_by = member
    session.add(row)
    await session.flush()
    await announce(session, [row], now=now, lane=lane)


def held_by(person_id: str, prison: str, *, via: Via, now: datetime) -> Involvement:
    """The confirmed involvement of a prison that holds a person with whom it was not involved before."""
    row, _ = write(
        None,
        person_id=person_id,
        agency=prison,
        claim=Claim(roles=(CUSTODY_ROLE,)),
        state=InvolvementState.CONFIRMED,
        via=via,
        now=now,
    )
    row.confirmed_by = prison
    return row
