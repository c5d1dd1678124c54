"""Writing an involvement and telling it: the one place where its row changes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncSession

from caseload.domain.involvement import Claim
from caseload.models import Involvement
from caseload.queries import facts
from chassis.ids import new_id
from chassis.outbox import Lane, emit_all
from contracts.caseload import InvolvementChangedV1
from contracts.codes import InvolvementState

Via = Literal["registration", "claim", "custody", "confirmation", "transfer", "movement", "merge", "expiry", "referral"]


async def live(session: AsyncSession, person_id: str, agency: str) -> Involvement | None:
    rows = await facts.live_involvements(session, person_id, agency=agency)
    return rows[0] if rows else None


def write(
    present: Involvement | None,
    *,
    person_id: str,
    agency: str,
    claim: Claim,
    state: InvolvementState,
    via: Via,
    now: datetime,
    recorded_person_id: str | None = None,
) -> tuple[Involvement, bool]:
    """The row after a claim or confirmation, and whether it says anything new. A new one is recorded under the person's
    own number if no other is given."""
    if present is None:
        return (
            Involvement(
                id=new_id(),
                person_id=person_id,
                recorded_person_id=recorded_person_id or person_id,
                agency=agency,
                state=state,
                roles=list(claim.roles),
                lead=claim.lead,
                since=now,
                until=claim.until,
                reason=claim.reason,
                reference=claim.reference,
                via=via,
                updated_at=now,
            ),
            True,
        )
    said = {
        "state": state,
        "roles": list(claim.roles),
        "lead": claim.lead,
        "until": claim.until,
        "reason": claim.reason,
        "reference": claim.reference,
    }
    if all(getattr(present, name) == value for name, value in said.items()):
        return present, False
    for name, value in {**said, "via": via, "updated_at": now}.items():
        setattr(present, name, value)
    return present, True


async def end(
    session: AsyncSession, rows: Sequence[Involvement], *, via: Via, now: datetime, lane: Lane = Lane.URGENT
) -> None:
    for row in rows:
        row.state = InvolvementState.ENDED
        row.until = now
        row.via = via
        row.updated_at = now
        session.add(row)
    await session.flush()
    await announce(session, rows, now=now, lane=lane)


async def announce(
    session: AsyncSession, rows: Sequence[Involvement], *, now: datetime, lane: Lane = Lane.URGENT
) -> None:
    await emit_all(session, [changed_event(row, now=now) for row in rows], now=now, lane=lane)


def changed_event(row: Involvement, *, now: datetime) -> InvolvementChangedV1:
    """The whole state of an involvement as an event, under the number that it was recorded under: so its events stay in
    one stream through merges, and are heard of in their order."""
    return InvolvementChangedV1(
        person_id=row.recorded_person_id,
        involvement_id=row.id,
        agency=row.agency,
        state=InvolvementState(row.state),
        roles=tuple(row.roles),
        lead=row.lead,
        since=row.since,
        until=row.until,
        via=row.via,  # type: ignore[arg-type]  # written from Via alone
        confirmed_by=row.confirmed_by,
        claimed_by=row.claimed_by,
        at=now,
    )
