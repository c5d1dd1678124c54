"""Registering people: set-based, one code path for one line and for a thousand.

What an agency is answered depends on what it gave and gave before, never on what others hold: a registration that
contradicts others gets a record of its own and the doubt goes to the matching queue.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from caseload.domain.identifiers import Identifier
from caseload.domain.identities import tidy_name
from caseload.domain.involvement import NEVER_INVOLVED, MayNotBeInvolved
from caseload.models import (
    AgencyRow,
    CustodyRow,
    Registration,
)
from caseload.operations.custodial_involvement import claim_custody
from caseload.operations.custody import Report, apply_report, open_custodies
from caseload.operations.offers import identity_offer
from caseload.operations.registration_plan import Line, Plan, lock_identifiers, plan_lines
from caseload.operations.registration_rows import Registered, write_people, write_registrations
from caseload.queries import people, registrations
from chassis.auth import Actor
from chassis.outbox import Lane, emit_all
from contracts.caseload import EVERY_PRISON
from contracts.codes import AgencyKind, CustodyStatus
from contracts.errors import Invalid, Refusal

EARLIEST_BIRTH = date(1880, 1, 1)
WAVE = 100
"""Lines written at a time: a batch of a thousand lets other requests of this process in between."""


LONGEST_NAME = 100


class InvalidBirth(Invalid):
    """A date of birth lies in the past, after 1880."""

    code = "invalid-date-of-birth"


class InvalidName(Invalid):
    """A name has 1 to 100 characters once it is composed Unicode without spaces around it."""

    code = "invalid-name"


async def register(session: AsyncSession, *, line: Line, actor: Actor, now: datetime) -> Registered:
    """Registers one person, or completes what the agency said before; raises what refuses it."""
    (result,) = await register_all(session, lines=[line], actor=actor, now=now)
    if isinstance(result, Refusal):
        raise result
    return result


async def register_all(
    session: AsyncSession, *, lines: Sequence[Line], actor: Actor, now: datetime, lane: Lane = Lane.URGENT
) -> list[Registered | Refusal]:
    """Registers lines in order, a refused one stopping no other. Lines that touch one identifier follow each other."""
    if actor.kind in NEVER_INVOLVED:
        raise MayNotBeInvolved()
    results: list[Registered | Refusal | None] = [None] * len(lines)
    pending: list[tuple[int, Line]] = []
    for index, line in enumerate(lines):
        if not EARLIEST_BIRTH < line.date_of_birth <= now.date():
            results[index] = InvalidBirth(pointer="/date_of_birth")
        else:
            tidy = replace(line, family=tidy_name(line.family), given=tidy_name(line.given))
            if all(0 < len(name) <= LONGEST_NAME for name in (tidy.family, tidy.given)):
                pending.append((index, tidy))
            else:
                results[index] = InvalidName(pointer="/name")
    await lock_identifiers(session, [each for _, line in pending for each in line.all_identifiers])
    while pending:
        wave, rest = _disjoint(pending)
        answers = await _wave(session, [line for _, line in wave], actor, now, lane)
        put_off = []
        for (index, line), answer in zip(wave, answers, strict=True):
            if answer is None:
                put_off.append((index, line))
            results[index] = answer
        pending = sorted((*put_off, *rest), key=lambda numbered: numbered[0])
    return [result for result in results if result is not None]


def _disjoint(pending: list[tuple[int, Line]]) -> tuple[list[tuple[int, Line]], list[tuple[int, Line]]]:
    """Up to WAVE lines that share nothing with an earlier one, and the rest."""
    seen: set[str | Identifier | None] = set()
    wave: list[tuple[int, Line]] = []
    rest: list[tuple[int, Line]] = []
    for index, line in pending:
        touched = {line.reference, *line.all_identifiers}
        (rest if touched & seen or len(wave) == WAVE else wave).append((index, line))
        seen |= touched
    return wave, rest


async def _wave(
    session: AsyncSession, lines: Sequence[Line], actor: Actor, now: datetime, lane: Lane
) -> list[Registered | Refusal | None]:
    """Registers lines that share no identifier; None for one that turned out to mean the person of an earlier one."""
    plans: list[Plan | Refusal | None] = []
    meant: set[str] = set()
    for plan in await plan_lines(session, lines, actor):
        is_second = isinstance(plan, Plan) and plan.person_id in meant
        plans.append(None if is_second else plan)
        if isinstance(plan, Plan):
            meant.add(plan.person_id)
    good = [plan for plan in plans if isinstance(plan, Plan)]
    await write_people(session, good, actor, now)
    written = await write_registrations(session, good, actor, now)
    changed = [done for done, is_changed in written if is_changed]
    await emit_all(
        session, [identity_offer(each.row, each.identifiers, now=now) for each in changed], now=now, lane=lane
    )
    await _open_custody(session, [done.row for done, _ in written if done.created], actor, now, lane)
    answers = iter(done for done, _ in written)
    return [next(answers) if isinstance(plan, Plan) else plan for plan in plans]


async def _open_custody(
    session: AsyncSession, rows: Sequence[Registration], actor: Actor, now: datetime, lane: Lane
) -> None:
    """A prison's first registration of a person opens its custody, unless another prison holds them: then it claims.

    It says that the prison holds them and not since when: a movement that is told after it is not older than it.

    Whom this prison was the last to move (it released them) is not received again by completing a registration.
    """
    if actor.kind is not AgencyKind.PRISON or not rows:
        return
    prison = await session.get(AgencyRow, actor.agency)
    if prison is None or prison.mdi == EVERY_PRISON:
        return
    custodies = await registrations.custodies(session, [row.person_id for row in rows])
    known = await people.involved(session, actor.agency, [row.person_id for row in rows])
    new = {row.person_id for row in rows if row.person_id not in custodies and row.person_id not in known}
    await open_custodies(session, people=sorted(new), prison=actor.agency, now=now, lane=lane)
    for row in rows:
        custody: CustodyRow | None = custodies.get(row.person_id)
        if row.person_id in new:
            continue
        if custody is None or (custody.prison is None and custody.last_prison != actor.agency):
            report = Report(CustodyStatus.RECEIVED, now, actor.agency, opens=True)
            await apply_report(session, person_id=row.person_id, report=report, now=now, via="registration", lane=lane)
        elif custody.prison is not None and custody.prison != actor.agency:
            await claim_custody(
                session, person_id=row.person_id, agency=actor.agency, member=actor.member, now=now, lane=lane
            )
