"""Registering people: set-based, one code path for one line and for a thousand.

What an agency is answered depends on what it gave and gave before, never on what others hold: a registration that
contradicts others gets a record of its own and the doubt goes to the matching queue.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import delete, insert, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from caseload.domain.agencies import EVERY_PRISON
from caseload.domain.identifiers import Identifier
from caseload.domain.identities import Identity, tidy_name
from caseload.domain.involvement import NEVER_INVOLVED, MayNotBeInvolved
from caseload.domain.matching import Known, Match, match
from caseload.domain.references import PersonNotFound
from caseload.models import (
    AgencyRow,
    CustodyRow,
    MatchingDoubt,
    Person,
    PersonIdentifier,
    Registration,
    RegistrationIdentifier,
)
from caseload.operations.custody import Report, apply_report, open_custodies
from caseload.operations.involvement import claim_custody
from caseload.operations.offers import identity_offer
from caseload.queries import people, registrations
from chassis.auth import Actor
from chassis.ids import new_id
from chassis.outbox import Lane, emit_all
from contracts.codes import AgencyKind, CustodyStatus
from contracts.errors import Invalid, Refusal

EARLIEST_BIRTH = date(1880, 1, 1)
BUCKETS = 1 << 20
"""Identifiers are locked by bucket: enough of them that a single registration seldom waits for a batch."""
WAVE = 100
"""Lines written at a time: a batch of a thousand lets other requests of this process in between."""


class InvalidBirth(Invalid):
    """A date of birth lies in the past, after 1880."""

    code = "invalid-date-of-birth"


@dataclass(frozen=True)
class Line:
    """One person as one agency registers them. `identifiers` without the reference's own."""

    reference: str | Identifier
    identifiers: tuple[Identifier, ...]
    family: str
    given: str
    date_of_birth: date
    sex: str | None = None
    languages: tuple[str, ...] | None = None

    @property
    def all_identifiers(self) -> tuple[Identifier, ...]:
        """The reference's own first: it weighs most in matching."""
        own = (self.reference,) if isinstance(self.reference, Identifier) else ()
        return tuple(dict.fromkeys((*own, *self.identifiers)))


@dataclass(frozen=True)
class Registered:
    """What this agency has given so far. `created`: the first time this agency registers this person."""

    row: Registration
    identifiers: tuple[Identifier, ...]
    created: bool


@dataclass
class _Plan:
    line: Line
    match: Match
    person_id: str
    is_new_person: bool
    present: tuple[Registration, list[Identifier]] | None


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
            pending.append((index, tidy))
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
    seen: set[str | Identifier] = set()
    wave: list[tuple[int, Line]] = []
    rest: list[tuple[int, Line]] = []
    for index, line in pending:
        touched = {line.reference, *line.all_identifiers}
        (rest if touched & seen or len(wave) == WAVE else wave).append((index, line))
        seen |= touched
    return wave, rest


async def lock_identifiers(session: AsyncSession, identifiers: Sequence[Identifier]) -> None:
    """Two registrations of one identifier follow each other; buckets are taken in order, so none waits in a circle."""
    names = sorted({str(each) for each in identifiers})
    await session.execute(
        text(
            "SELECT pg_advisory_xact_lock(7468726, bucket) FROM"
            " (SELECT DISTINCT mod(abs(hashtext(name)), :buckets) AS bucket"
            "  FROM unnest(CAST(:names AS text[])) name ORDER BY bucket OFFSET 0) b"
        ),
        {"names": names, "buckets": BUCKETS},
    )


async def _wave(
    session: AsyncSession, lines: Sequence[Line], actor: Actor, now: datetime, lane: Lane
) -> list[Registered | Refusal | None]:
    """Registers lines that share no identifier; None for one that turned out to mean the person of an earlier one."""
    plans: list[_Plan | Refusal | None] = []
    meant: set[str] = set()
    for plan in await _plan(session, lines, actor):
        is_second = isinstance(plan, _Plan) and plan.person_id in meant
        plans.append(None if is_second else plan)
        if isinstance(plan, _Plan):
            meant.add(plan.person_id)
    good = [plan for plan in plans if isinstance(plan, _Plan)]
    await _write_people(session, good, actor, now)
    written = await _write_registrations(session, good, actor, now)
    changed = [done for done, is_changed in written if is_changed]
    await emit_all(
        session, [identity_offer(each.row, list(each.identifiers), now=now) for each in changed], now=now, lane=lane
    )
    await _open_custody(session, [done.row for done, _ in written if done.created], actor, now, lane)
    answers = iter(done for done, _ in written)
    return [next(answers) if isinstance(plan, _Plan) else plan for plan in plans]


async def _plan(session: AsyncSession, lines: Sequence[Line], actor: Actor) -> list[_Plan | Refusal]:
    """Which record each line belongs to, with every record it touches locked."""
    given = [identifier for line in lines for identifier in line.all_identifiers]
    while True:
        named = await _by_id(session, lines, actor)
        held = await people.holders(session, given)
        own = await people.own_by_identifier(session, actor.agency, given)
        touched = {*held.values(), *own.values(), *named.values()}
        locked = await people.lock(session, touched) if touched else {}
        if all(asked == now for asked, now in locked.items()) and held == await people.holders(session, given):
            break
    on_record = await registrations.known(session, touched, but=actor.agency)
    present = await registrations.own_registrations(session, actor.agency, touched)
    holders = {identifier: on_record[person_id] for identifier, person_id in held.items()}
    plans: list[_Plan | Refusal] = []
    for line in lines:
        mine: Known | None
        if isinstance(line.reference, str):
            if line.reference not in named:
                plans.append(PersonNotFound())
                continue
            mine = on_record[named[line.reference]]
        else:
            mine = next((on_record[own[each]] for each in line.all_identifiers if each in own), None)
        identity = Identity(line.family, line.given, line.date_of_birth)
        matched = match(given=line.all_identifiers, identity=identity, holders=holders, own=mine)
        person_id = matched.person_id or new_id()
        plans.append(_Plan(line, matched, person_id, matched.person_id is None, present.get(person_id)))
    return plans


async def _by_id(session: AsyncSession, lines: Sequence[Line], actor: Actor) -> dict[str, str]:
    """The record of each opaque id among the references, of those that this agency may name."""
    ids = [line.reference for line in lines if isinstance(line.reference, str)]
    if not ids:
        return {}
    found = await people.resolve(session, ids, agency=actor.agency, kind=actor.kind)
    return {asked: each.person_id for asked, each in zip(ids, found, strict=True) if each}


async def _write_people(session: AsyncSession, plans: Sequence[_Plan], actor: Actor, now: datetime) -> None:
    new = [{"id": plan.person_id, "created_at": now} for plan in plans if plan.is_new_person]
    if new:
        await session.execute(insert(Person), new)
    taken = [
        {
            "scheme": identifier.scheme.value,
            "value": identifier.value,
            "person_id": plan.person_id,
            "recorded_person_id": plan.person_id,
            "recorded_by": actor.agency,
            "recorded_at": now,
        }
        for plan in plans
        for identifier in plan.match.take
    ]
    if taken:
        await session.execute(insert(PersonIdentifier), taken)
    doubts: list[dict[str, object]] = [
        {
            "id": new_id(),
            "kind": kind.value,
            "person_id": plan.person_id,
            "other_person_id": other,
            "scheme": identifier.scheme.value,
            "value": identifier.value,
            "raised_by": actor.agency,
            "state": "open",
            "raised_at": now,
        }
        for plan in plans
        for kind, identifier, other in plan.match.doubts
    ]
    if doubts:
        settled = await _settled(session, doubts)
        doubts = [doubt for doubt in doubts if _key(doubt) not in settled]
    if doubts:
        await session.execute(upsert(MatchingDoubt).on_conflict_do_nothing(), doubts)


async def _settled(session: AsyncSession, doubts: Sequence[dict[str, object]]) -> set[tuple[object, ...]]:
    """Doubts that people settled before: kept apart stays apart when the same is said again."""
    rows = await session.execute(
        text(
            "SELECT kind, person_id, other_person_id, scheme, value FROM matching_doubt"
            " WHERE state <> 'open' AND person_id = ANY(:ids)"
        ),
        {"ids": sorted({str(doubt["person_id"]) for doubt in doubts})},
    )
    return {tuple(row) for row in rows}


def _key(doubt: dict[str, object]) -> tuple[object, ...]:
    return tuple(doubt[name] for name in ("kind", "person_id", "other_person_id", "scheme", "value"))


async def _write_registrations(
    session: AsyncSession, plans: Sequence[_Plan], actor: Actor, now: datetime
) -> list[tuple[Registered, bool]]:
    """The agency's registration for each plan, and whether it says anything new."""
    done: list[tuple[Registered, bool]] = []
    for plan in plans:
        line = plan.line
        if plan.present is None:
            row = _say(
                Registration(
                    id=new_id(),
                    person_id=plan.person_id,
                    recorded_person_id=plan.person_id,
                    agency=actor.agency,
                    family=line.family,
                    given=line.given,
                    date_of_birth=line.date_of_birth,
                    version=0,
                    registered_at=now,
                    updated_at=now,
                ),
                line,
                now,
            )
            session.add(row)
            done.append((Registered(row, line.all_identifiers, created=True), True))
            continue
        row, before = plan.present
        identifiers = tuple(dict.fromkeys((*before, *line.all_identifiers)))
        changed = len(identifiers) > len(before) or any(getattr(row, name) != said for name, said in _said(line))
        if changed:
            session.add(_say(row, line, now))
        done.append((Registered(row, identifiers, created=False), changed))
    await session.flush()
    await _write_identifiers(session, [each for each, changed in done if changed], actor)
    return done


def _said(line: Line) -> list[tuple[str, object]]:
    languages = list(line.languages) if line.languages else None
    return [
        ("family", line.family),
        ("given", line.given),
        ("date_of_birth", line.date_of_birth),
        ("sex", line.sex),
        ("languages", languages),
    ]


def _say(row: Registration, line: Line, now: datetime) -> Registration:
    """The row with what the line says, one version on."""
    for name, value in _said(line):
        setattr(row, name, value)
    row.version += 1
    row.updated_at = now
    return row


async def _write_identifiers(session: AsyncSession, written: Sequence[Registered], actor: Actor) -> None:
    rows = [
        {
            "registration_id": each.row.id,
            "scheme": identifier.scheme.value,
            "value": identifier.value,
            "agency": actor.agency,
            "position": position,
        }
        for each in written
        for position, identifier in enumerate(each.identifiers)
    ]
    again = [each.row.id for each in written if not each.created]
    if again:
        await session.execute(
            delete(RegistrationIdentifier).where(col(RegistrationIdentifier.registration_id).in_(again))
        )
    if rows:
        await session.execute(insert(RegistrationIdentifier), rows)


async def _open_custody(
    session: AsyncSession, rows: Sequence[Registration], actor: Actor, now: datetime, lane: Lane
) -> None:
    """A prison's first registration of a person opens its custody, unless another prison holds them: then it claims.

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
            report = Report(CustodyStatus.RECEIVED, now, actor.agency)
            await apply_report(session, person_id=row.person_id, report=report, now=now, via="registration", lane=lane)
        elif custody.prison is not None and custody.prison != actor.agency:
            await claim_custody(
                session, person_id=row.person_id, agency=actor.agency, member=actor.member, now=now, lane=lane
            )
