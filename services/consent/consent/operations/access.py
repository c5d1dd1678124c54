"""Who may speak for a person: an agency that is involved, by this service's own facts. Others hear of nobody."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from consent.models import PersonRow
from consent.operations.persons import take
from consent.queries.policy import Snapshot, shared_snapshot
from contracts.errors import Invalid, NotFound


class PersonNotFound(NotFound):
    """There is no such person, or they are not yours to see."""

    code = "person-not-found"


class AgencyNotRegistered(Invalid):
    """The register holds no such agency."""

    code = "agency-not-registered"


@dataclass(frozen=True, slots=True)
class Held:
    """A person whose row is locked, and the policy that is held in force."""

    person: PersonRow
    snapshot: Snapshot


async def hold(session: AsyncSession, *, person_id: str, now: datetime) -> Held:
    """Locks the policy (shared) and the person. Raises PersonNotFound of who was erased."""
    snapshot = await shared_snapshot(session)
    taken = await take(session, [person_id], now=now)
    person = taken.by_number[person_id]
    if person.erased_at is not None:
        raise PersonNotFound
    return Held(person, snapshot)


async def hold_involved(session: AsyncSession, *, person_id: str, agency: str, now: datetime) -> Held:
    """As `hold`, for an agency that is involved with the person now. Raises PersonNotFound."""
    held = await hold(session, person_id=person_id, now=now)
    await ensure_involved(session, person_id=held.person.id, agency=agency, now=max(now, held.person.clock))
    return held


async def ensure_involved(session: AsyncSession, *, person_id: str, agency: str, now: datetime) -> None:
    """Raises PersonNotFound unless the agency has a claimed or confirmed involvement that is open."""
    found = await session.scalar(text(_INVOLVED), {"person": person_id, "agency": agency, "now": now})
    if not found:
        raise PersonNotFound


_INVOLVED = """
SELECT EXISTS (
    SELECT FROM involvement
    WHERE person_id = :person AND agency = :agency AND state <> 'ended' AND (until IS NULL OR until > :now)
)
"""
