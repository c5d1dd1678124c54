"""What changes the policy: agreements published, agencies told of by caseload, agencies cut off.

Each takes the policy's lock alone, names a new policy, and queues everyone it touches; a worker decides them again.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import uuid4

from sqlalchemy import text, update
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import outbox
from consent.domain.limits import Breach, breaches
from consent.domain.policy import midnight, policy_hash
from consent.models import AgencyRow, AgreementRow, PolicyState
from consent.queries.policy import current_agreements, lock_policy
from contracts.agreement import Agreement, version_key
from contracts.caseload import Agency
from contracts.consent import AgencySuspendedV1, AgreementPublishedV1
from contracts.errors import Conflict, Invalid, NotFound


class LimitBroken(Invalid):
    """A clause breaks a limit that the law sets."""

    code = "limit-broken"

    def __init__(self, found: Sequence[Breach]) -> None:
        sentences = [{"clause": breach.clause, "sentence": breach.sentence} for breach in found]
        super().__init__(f"{found[0].clause}: {found[0].sentence}", extra={"breaches": sentences})


class VersionPublished(Conflict):
    """This version was published with another text; a published version never changes."""

    code = "version-published"


class VersionNotNewer(Conflict):
    """A newer version of this agreement is in force."""

    code = "version-not-newer"


class VersionNotBegun(Conflict):
    """Until this version counts nothing would: the one in force is replaced on the day on which this one begins."""

    code = "version-not-begun"


class AgencyUnknown(NotFound):
    """There is no such agency."""

    code = "agency-unknown"


async def publish(session: AsyncSession, *, agreement: Agreement, actor: str, now: datetime) -> bool:
    """Brings a version into force; False if it already was published, text for text.

    Raises LimitBroken, VersionPublished, VersionNotNewer, VersionNotBegun.
    """
    await lock_policy(session)
    row = await session.get(AgreementRow, (agreement.id, agreement.version))
    if row is not None:
        if row.document_hash != agreement.document_hash():
            raise VersionPublished
        return False
    found = breaches(agreement)
    if found:
        raise LimitBroken(found)
    in_force = await current_agreements(session)
    newest = next((other.version for other in in_force if other.id == agreement.id), agreement.version)
    if version_key(newest) > version_key(agreement.version):
        raise VersionNotNewer
    if any(other.id == agreement.id for other in in_force) and midnight(agreement.valid_from) > now:
        raise VersionNotBegun
    await session.execute(
        update(AgreementRow).where(AgreementRow.agreement_id == agreement.id).values(current=False)  # type: ignore[arg-type]
    )
    whole = policy_hash([*(other for other in in_force if other.id != agreement.id), agreement])
    session.add(
        AgreementRow(
            agreement_id=agreement.id,
            version=agreement.version,
            document=agreement.canonical().decode(),
            document_hash=agreement.document_hash(),
            policy_hash=whole,
            current=True,
            published_by=actor,
            published_at=now,
        )
    )
    version = await _changed(session, now)
    await session.execute(text("UPDATE person SET queued_at = :now WHERE alias_of IS NULL"), {"now": now})
    event = AgreementPublishedV1(
        agreement_id=agreement.id,
        version=agreement.version,
        document_hash=agreement.document_hash(),
        policy_hash=whole,
        policy_version=version,
        published_by=actor,
        at=now,
    )
    await outbox.emit(session, event, now=now)
    return True


async def register_agencies(session: AsyncSession, *, agencies: Sequence[Agency], now: datetime) -> bool:
    """Takes over what caseload says of agencies; False if nothing of it counts here. The policy's lock is held."""
    changed: set[str] = set()
    for agency in agencies:
        row = await session.get(AgencyRow, agency.id)
        if row is None:
            row = AgencyRow(id=agency.id, kind=agency.kind, area=agency.area, nhs_body=agency.nhs_body, suspended=False)
            row.contracted_by = agency.contracted_by
            session.add(row)
            changed.add(agency.id)
            continue
        known = (row.kind, row.area, row.nhs_body, row.contracted_by)
        said = (agency.kind, agency.area, agency.nhs_body, agency.contracted_by)
        if known != said:
            row.kind, row.area, row.nhs_body, row.contracted_by = said
            changed.add(agency.id)
    if changed:
        await _changed(session, now)
        await _queue_touched(session, sorted(changed), now)
    return bool(changed)


async def set_suspended(
    session: AsyncSession, *, agency_id: str, suspended: bool, actor: str, now: datetime, reason: str | None = None
) -> bool:
    """Cuts an agency off, or lets it in again; False if it already was so. Raises AgencyUnknown."""
    await lock_policy(session)
    row = await session.get(AgencyRow, agency_id, populate_existing=True)
    if row is None:
        raise AgencyUnknown
    if row.suspended == suspended:
        return False
    row.suspended = suspended
    await _changed(session, now)
    await _queue_touched(session, [agency_id], now)
    event = AgencySuspendedV1(agency_id=agency_id, suspended=suspended, by=actor, reason=reason, at=now)
    await outbox.emit(session, event, now=now)
    return True


async def _changed(session: AsyncSession, now: datetime) -> int:
    """Names the policy anew, and dates it; returns its version."""
    await session.flush()
    state = await session.get_one(PolicyState, 1, populate_existing=True)
    state.policy_set = str(uuid4())
    state.version += 1
    state.changed_at = max(now, state.changed_at)
    await session.flush()
    return state.version


async def _queue_touched(session: AsyncSession, agencies: list[str], now: datetime) -> None:
    """Queues everyone whose decisions may rest on these agencies, or on agencies under contract to them."""
    await session.flush()
    await session.execute(text(_QUEUE), {"agencies": agencies, "now": now})


_QUEUE = """
WITH changed AS (
    SELECT id FROM agency WHERE id = ANY(:agencies) OR contracted_by = ANY(:agencies)
), touched AS (
    SELECT person_id FROM involvement WHERE agency IN (SELECT id FROM changed)
    UNION SELECT person_id FROM offer
      WHERE source IN (SELECT id FROM changed) OR (addressees IS NOT NULL AND jsonb_array_length(addressees) > 0)
    UNION SELECT person_id FROM share WHERE ended_at IS NULL AND recipient IN (SELECT id FROM changed)
    UNION SELECT person_id FROM consent WHERE agencies ?| ARRAY(SELECT id::text FROM changed)
    UNION SELECT person_id FROM emergency_request WHERE agency IN (SELECT id FROM changed)
)
UPDATE person SET queued_at = :now WHERE alias_of IS NULL AND id IN (SELECT person_id FROM touched)
"""
