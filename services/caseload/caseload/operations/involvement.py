"""Involvement: claimed by an agency, confirmed by custody or by an agency that may, ended by its agency, by a movement
or by time. Every change is an event, so every claim is in the log.
"""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from caseload.domain.identifiers import Identifier
from caseload.domain.involvement import (
    CUSTODY_ROLE,
    Claim,
    HoldsCustody,
    ensure_may_confirm,
    ensure_roles,
    ensure_until,
    is_crn,
    state_of_claim,
)
from caseload.models import AgencyRow, Involvement
from caseload.operations.involvement_rows import announce, end, live, write
from caseload.queries import facts, people
from chassis.auth import Actor
from contracts.codes import AgencyKind, InvolvementState, Scheme
from contracts.errors import Invalid, NotFound


class NotInvolved(NotFound):
    """The agency is not involved with this person."""

    code = "not-involved"


class UnknownAgency(Invalid):
    """No agency of the register has this id."""

    code = "unknown-agency"


async def claim_involvement(
    session: AsyncSession, *, reference: str | Identifier, claim: Claim, actor: Actor, now: datetime
) -> tuple[Involvement, bool]:
    """Claims the caller's own involvement; returns it and whether it is new. PersonNotFound if there is no such person.

    Whoever claims may know no more than an identifier; so that looking people up without cause shows, it is logged.
    """
    ensure_roles(actor.kind, claim.roles)
    ensure_until(claim.until, now=now)
    person_id = await people.anyone(session, reference, agency=actor.agency)
    person_id = (await people.lock(session, [person_id]))[person_id]
    custody = await facts.custody_of(session, person_id)
    present = await live(session, person_id, actor.agency)
    holds = custody is not None and custody.prison == actor.agency
    if holds:
        claim = replace(claim, roles=tuple(dict.fromkeys((CUSTODY_ROLE, *claim.roles))), until=None)
    elif present is not None and present.until and present.confirmed_by not in (None, actor.agency):
        claim = replace(claim, until=min(present.until, claim.until or present.until))
    state = state_of_claim(
        kind=actor.kind,
        present=InvolvementState(present.state) if present else None,
        holds_custody=holds,
        has_crn=await _has_crn(session, person_id, claim, actor),
    )
    row, changed = write(
        present, person_id=person_id, agency=actor.agency, claim=claim, state=state, via="claim", now=now
    )
    if actor.member and state is InvolvementState.CLAIMED:
        row.claimed_by = actor.member
    if state is InvolvementState.CONFIRMED and row.confirmed_by is None:
        row.confirmed_by = actor.agency
    session.add(row)
    await session.flush()
    if changed:
        await announce(session, [row], now=now)
    return row, present is None


async def confirm_involvement(
    session: AsyncSession, *, person_id: str, agency: str, claim: Claim, actor: Actor, now: datetime
) -> Involvement:
    """Confirms another agency's claim, or opens its involvement. MayNotConfirm unless the caller's own is confirmed."""
    person_id = (await people.lock(session, [person_id]))[person_id]
    own = await facts.live_involvements(session, person_id, agency=actor.agency)
    ensure_may_confirm(
        actor.kind,
        frozenset(InvolvementState(each.state) for each in own),
        same_agency=agency == actor.agency,
    )
    other = await session.get(AgencyRow, agency)
    if other is None:
        raise UnknownAgency()
    ensure_roles(AgencyKind(other.kind), claim.roles)
    ensure_until(claim.until, now=now)
    present = await live(session, person_id, agency)
    row, changed = write(
        present,
        person_id=person_id,
        agency=agency,
        claim=_confirmed(present, claim, actor.agency),
        state=InvolvementState.CONFIRMED,
        via="confirmation",
        now=now,
    )
    if row.confirmed_by is None:
        row.confirmed_by = actor.agency
    row.confirmed_because = claim.reason or claim.reference or row.confirmed_because
    session.add(row)
    await session.flush()
    if changed:
        await announce(session, [row], now=now)
    return row


async def end_involvement(session: AsyncSession, *, person_id: str, actor: Actor, now: datetime) -> None:
    """Ends the caller's own involvement. NotInvolved if it has none; HoldsCustody for the prison that holds them."""
    person_id = (await people.lock(session, [person_id]))[person_id]
    custody = await facts.custody_of(session, person_id)
    if custody is not None and custody.prison == actor.agency:
        raise HoldsCustody()
    rows = await facts.live_involvements(session, person_id, agency=actor.agency)
    if not rows:
        raise NotInvolved()
    await end(session, rows, via="claim", now=now)


async def end_due(session: AsyncSession, *, now: datetime, limit: int = 200) -> int:
    """Ends involvements whose time has come; returns how many. Their persons' rows are locked, busy ones wait."""
    due = await session.execute(
        text(
            "SELECT DISTINCT person_id FROM involvement"
            " WHERE state <> 'ended' AND until <= :now ORDER BY person_id LIMIT :limit"
        ),
        {"now": now, "limit": limit},
    )
    ids = [person_id for (person_id,) in due]
    locked = await session.execute(
        text("SELECT id FROM person WHERE id = ANY(:ids) ORDER BY id FOR UPDATE SKIP LOCKED"), {"ids": ids}
    )
    rows = await session.scalars(
        select(Involvement)
        .where(
            col(Involvement.person_id).in_([person_id for (person_id,) in locked]),
            Involvement.state != InvolvementState.ENDED,
            col(Involvement.until) <= now,
        )
        .order_by(col(Involvement.person_id), col(Involvement.id))
        .execution_options(populate_existing=True)
    )
    ended = rows.all()
    await end(session, ended, via="expiry", now=now)
    return len(ended)


def _confirmed(present: Involvement | None, given: Claim, by: str) -> Claim:
    """What a confirmed involvement says: what its agency claimed stays, what the confirming one says is added."""
    if present is None:
        return Claim(roles=given.roles, lead=given.lead, until=given.until)
    limits = present.state != InvolvementState.CONFIRMED or present.confirmed_by == by
    return Claim(
        roles=tuple(dict.fromkeys((*present.roles, *given.roles))),
        lead=present.lead or given.lead,
        reason=present.reason,
        reference=present.reference,
        until=(given.until if limits else None) or present.until,
    )


async def _has_crn(session: AsyncSession, person_id: str, claim: Claim, actor: Actor) -> bool:
    """A case reference number in the claim that is nobody else's, or one that this agency registered."""
    if actor.kind is not AgencyKind.PROBATION:
        return False
    if is_crn(claim.reference) and claim.reference is not None:
        crn = Identifier(Scheme.CRN, claim.reference.strip().upper())
        return (await people.holders(session, [crn])).get(crn, person_id) == person_id
    registered = await facts.registration_of(session, person_id, actor.agency)
    if registered is None:
        return False
    return any(each.scheme == Scheme.CRN for each in await facts.identifiers_of(session, registered.id))
