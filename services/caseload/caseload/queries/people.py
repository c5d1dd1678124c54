"""Finding people. An agency finds a person by what it gave itself first, and by what others gave only where it is
involved: so a reference tells nobody what others hold."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from caseload.domain.identifiers import Identifier
from caseload.domain.references import PersonNotFound
from contracts.codes import AgencyKind, Scheme
from contracts.topics import Topic

KnownAs = Literal["registered", "involved", "watched"]

WATCHERS = frozenset({AgencyKind.AUDITOR, AgencyKind.OPERATOR})
"""Kinds that may name anyone."""

_ROOTS = """
WITH RECURSIVE chain AS (
    SELECT id AS asked, id, alias_of FROM person WHERE id = ANY(:ids) AND erased_at IS NULL
    UNION ALL
    SELECT chain.asked, person.id, person.alias_of FROM chain
    JOIN person ON person.id = chain.alias_of AND person.erased_at IS NULL
)
SELECT asked, id FROM chain WHERE alias_of IS NULL
"""
_OWN = """
SELECT DISTINCT ON (s.scheme, s.value) s.scheme, s.value, r.person_id
FROM unnest(CAST(:schemes AS text[]), CAST(:values AS text[])) s(scheme, value)
JOIN registration_identifier i ON i.scheme = s.scheme AND i.value = s.value AND i.agency = :agency
JOIN registration r ON r.id = i.registration_id
ORDER BY s.scheme, s.value, r.updated_at DESC, r.id
"""
_HELD = """
SELECT i.scheme, i.value, i.person_id FROM person_identifier i
JOIN unnest(CAST(:schemes AS text[]), CAST(:values AS text[])) s(scheme, value)
  ON i.scheme = s.scheme AND i.value = s.value
"""
_MERGED = """
WITH RECURSIVE chain AS (
    SELECT alias_of AS root, id FROM person WHERE alias_of = ANY(:ids)
    UNION ALL
    SELECT chain.root, person.id FROM chain JOIN person ON person.alias_of = chain.id
)
SELECT root, id FROM chain ORDER BY root, id
"""
_REGISTERED = """
SELECT person_id FROM registration WHERE agency = :agency AND person_id = ANY(:ids)
UNION
SELECT person_id FROM movement WHERE person_id = ANY(:ids)
  AND (reporter = :agency OR to_prison = :agency AND outcome = 'applied')
"""
"""A prison that a person moved into or out of has met them, as by registering them."""
_INVOLVED = """
SELECT person_id FROM involvement WHERE agency = :agency AND person_id = ANY(:ids) AND state <> 'ended'
"""
_VERSIONS = "SELECT key, version FROM outbox_stream WHERE topic = :topic AND key = ANY(:ids)"


@dataclass(frozen=True)
class Found:
    """A person as the caller may name it. `version`: the person's stream version on caseload-events, 0 before any."""

    person_id: str
    known_as: KnownAs
    version: int


async def roots(session: AsyncSession, ids: Iterable[str]) -> dict[str, str]:
    """For each id that exists, the record it stands for now (itself, or what it was merged into); none once erased."""
    rows = await session.execute(text(_ROOTS), {"ids": sorted(set(ids))})
    return {row[0]: row[1] for row in rows}


async def merged_into(session: AsyncSession, ids: Iterable[str]) -> dict[str, list[str]]:
    """The records that were merged into each of these, directly or by way of others."""
    found: dict[str, list[str]] = {}
    for root, merged in await session.execute(text(_MERGED), {"ids": sorted(set(ids))}):
        found.setdefault(root, []).append(merged)
    return found


async def own_by_identifier(
    session: AsyncSession, agency: str, identifiers: Iterable[Identifier]
) -> dict[Identifier, str]:
    """The person under which this agency itself gave each identifier."""
    return await _by_identifier(session, _OWN, identifiers, agency=agency)


async def holders(session: AsyncSession, identifiers: Iterable[Identifier]) -> dict[Identifier, str]:
    """The person who holds each identifier, whoever gave it."""
    return await _by_identifier(session, _HELD, identifiers)


async def _by_identifier(
    session: AsyncSession, statement: str, identifiers: Iterable[Identifier], **names: str
) -> dict[Identifier, str]:
    asked = sorted(set(identifiers))
    if not asked:
        return {}
    rows = await session.execute(
        text(statement),
        {"schemes": [each.scheme.value for each in asked], "values": [each.value for each in asked], **names},
    )
    return {Identifier(Scheme(scheme), value): person_id for scheme, value, person_id in rows}


async def known_to(session: AsyncSession, agency: str, ids: Iterable[str]) -> dict[str, KnownAs]:
    """How the agency knows each person, of those it registered, received as a prison, or is involved with now."""
    names = {"agency": agency, "ids": sorted(set(ids))}
    found: dict[str, KnownAs] = dict.fromkeys(await involved(session, agency, ids), "involved")
    found.update(dict.fromkeys((await session.scalars(text(_REGISTERED), names)).all(), "registered"))
    return found


async def involved(session: AsyncSession, agency: str, ids: Iterable[str]) -> set[str]:
    """Those of the persons with whom the agency is involved now."""
    return set((await session.scalars(text(_INVOLVED), {"agency": agency, "ids": sorted(set(ids))})).all())


async def versions(session: AsyncSession, ids: Iterable[str]) -> dict[str, int]:
    """Stream versions on caseload-events; absent means 0."""
    rows = await session.execute(text(_VERSIONS), {"topic": Topic.CASELOAD_EVENTS.value, "ids": sorted(set(ids))})
    return {key: int(version) for key, version in rows}


async def resolve(
    session: AsyncSession, references: Sequence[str | Identifier], *, agency: str, kind: AgencyKind
) -> list[Found | None]:
    """Each reference in the caller's rights, in order; None where there is no such person or it is not the caller's."""
    ids = [each for each in references if isinstance(each, str)]
    identifiers = [each for each in references if isinstance(each, Identifier)]
    named: dict[str | Identifier, str] = {}
    named.update(await roots(session, ids) if ids else {})
    own = await own_by_identifier(session, agency, identifiers)
    held = await holders(session, [each for each in identifiers if each not in own])
    named.update(dict([*held.items(), *own.items()]))
    people = set(named.values())
    known: Mapping[str, KnownAs]
    if kind in WATCHERS:
        known = dict.fromkeys(people, "watched")
    else:
        known = await known_to(session, agency, people)
    at = await versions(session, known)
    return [
        Found(found, known[found], at.get(found, 0)) if (found := named.get(reference)) in known and found else None
        for reference in references
    ]


async def resolve_one(session: AsyncSession, reference: str | Identifier, *, agency: str, kind: AgencyKind) -> Found:
    """As `resolve`, for one; PersonNotFound instead of None."""
    (found,) = await resolve(session, [reference], agency=agency, kind=kind)
    if found is None:
        raise PersonNotFound()
    return found


async def anyone(session: AsyncSession, reference: str | Identifier, *, agency: str) -> str:
    """The person a claim names, whether or not the agency knows them (the claim is logged); PersonNotFound."""
    if isinstance(reference, str):
        found = (await roots(session, [reference])).get(reference)
    else:
        found = (await own_by_identifier(session, agency, [reference])).get(reference)
        found = found or (await holders(session, [reference])).get(reference)
    if found is None:
        raise PersonNotFound()
    return found


async def lock(session: AsyncSession, ids: Iterable[str]) -> dict[str, str]:
    """Locks the records of these ids in id order, following merges; returns asked id → record. PersonNotFound."""
    asked = sorted(set(ids))
    locked: dict[str, str] = {}
    while True:
        now = await roots(session, asked)  # again after the lock: a merge may have come, or been undone, meanwhile
        if len(now) < len(asked):
            raise PersonNotFound()
        if now == locked:
            return now
        rows = await session.execute(
            text("SELECT alias_of, erased_at FROM person WHERE id = ANY(:ids) ORDER BY id FOR UPDATE"),
            {"ids": sorted(set(now.values()))},
        )
        alone = all(alias is None and erased_at is None for alias, erased_at in rows)
        if alone and list(now.values()) == list(now):
            return now  # nobody was followed, so nothing can have parted
        locked = now
