"""Which record each line of a registration belongs to, decided with everything it touches locked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from caseload.domain.identifiers import Identifier
from caseload.domain.identities import Identity
from caseload.domain.matching import Known, Match, match
from caseload.domain.references import PersonNotFound
from caseload.models import Registration
from caseload.queries import people, registrations
from chassis.auth import Actor
from chassis.ids import new_id
from contracts.errors import Refusal

BUCKETS = 1 << 20
"""Identifiers are locked by bucket: enough of them that a single registration seldom waits for a batch."""


@dataclass(frozen=True)
class Line:
    """One person as one agency registers them. `identifiers` without the reference's own; without any, and with no
    reference, it is a person of its own."""

    reference: str | Identifier | None
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


@dataclass
class Plan:
    line: Line
    match: Match
    person_id: str
    is_new_person: bool
    present: tuple[Registration, list[Identifier]] | None


async def lock_identifiers(session: AsyncSession, identifiers: Sequence[Identifier]) -> None:
    """Two registrations of one identifier follow each other; buckets are taken in order, so none waits in a circle."""
    names = sorted({str(each) for each in identifiers})
    await session.execute(
        text(
            "SELECT pg_advisory_xact_lock(7468726, bucket) FROM"
            " (SELECT DISTINCT CAST(mod(abs(CAST(hashtext(name) AS bigint)), :buckets) AS integer) AS bucket"
            "  FROM unnest(CAST(:names AS text[])) name ORDER BY bucket OFFSET 0) b"
        ),
        {"names": names, "buckets": BUCKETS},
    )


async def plan_lines(session: AsyncSession, lines: Sequence[Line], actor: Actor) -> list[Plan | Refusal]:
    """Which record each line belongs to, with every record it touches locked."""
    given = [identifier for line in lines for identifier in line.all_identifiers]
    while True:
        named = await _by_id(session, lines, actor)
        held = await people.holders(session, given)
        own = await people.own_by_identifier(session, actor.agency, given)
        touched = {*held.values(), *own.values(), *named.values()}
        try:
            locked = await people.lock(session, touched) if touched else {}
        except PersonNotFound:
            continue  # erased since they were read: whom the line means is looked up again
        if all(asked == now for asked, now in locked.items()) and held == await people.holders(session, given):
            break
    on_record = await registrations.known(session, touched, but=actor.agency)
    present = await registrations.own_registrations(session, actor.agency, touched)
    holders = {identifier: on_record[person_id] for identifier, person_id in held.items()}
    plans: list[Plan | Refusal] = []
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
        plans.append(Plan(line, matched, person_id, matched.person_id is None, present.get(person_id)))
    return plans


async def _by_id(session: AsyncSession, lines: Sequence[Line], actor: Actor) -> dict[str, str]:
    """The record of each opaque id among the references, of those that this agency may name."""
    ids = [line.reference for line in lines if isinstance(line.reference, str)]
    if not ids:
        return {}
    found = await people.resolve(session, ids, agency=actor.agency, kind=actor.kind)
    return {asked: each.person_id for asked, each in zip(ids, found, strict=True) if each}
