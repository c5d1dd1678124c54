"""Writing what registrations come to: persons, identifiers, doubts, and what the agency said, a batch at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from caseload.domain.identifiers import Identifier
from caseload.models import (
    MatchingDoubt,
    Person,
    PersonIdentifier,
    Registration,
    RegistrationIdentifier,
)
from caseload.operations.registration_plan import Line, Plan
from chassis.auth import Actor
from chassis.ids import new_id


@dataclass(frozen=True)
class Registered:
    """What this agency has given so far. `created`: the first time this agency registers this person."""

    row: Registration
    identifiers: tuple[Identifier, ...]
    created: bool


async def write_people(session: AsyncSession, plans: Sequence[Plan], actor: Actor, now: datetime) -> None:
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


async def write_registrations(
    session: AsyncSession, plans: Sequence[Plan], actor: Actor, now: datetime
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
    """The row with what the line says, one version on; no older, whatever this process's clock says."""
    for name, value in _said(line):
        setattr(row, name, value)
    row.version += 1
    row.updated_at = max(row.updated_at, now)
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
