"""The register of agencies: loaded from deploy/agencies at start, changed by operators; told only when it changed."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import yaml
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import select

from caseload.domain.agencies import ensure_valid
from caseload.models import AgencyRow
from chassis.outbox import emit
from contracts.caseload import Agency, AgencyCodes, AgencyRegisteredV1
from contracts.codes import AgencyKind
from contracts.errors import Conflict
from contracts.http.caseload import AgencyEntry

OF_THE_ISSUER = frozenset({"jwks_uri", "jwks_file"})
"""What a file says to the issuer: where the agency's own keys are."""


class PrisonCodeTaken(Conflict):
    """Another agency has this prison code."""

    code = "prison-code-taken"


def read_files(folder: Path) -> list[AgencyEntry]:
    """Every entry of `<folder>/agencies/*.yaml`; raises on a file that is no entry or is not named after its id."""
    entries = []
    for path in sorted((folder / "agencies").glob("*.yaml")):
        read = yaml.safe_load(path.read_text())
        entry = AgencyEntry.model_validate({name: read[name] for name in read if name not in OF_THE_ISSUER})
        if entry.id != path.stem:
            raise ValueError(f"{path.name} is not named after the agency in it")
        entries.append(entry)
    return entries


async def register_agencies(session: AsyncSession, *, entries: Iterable[AgencyEntry], now: datetime) -> int:
    """Registers or changes each entry; returns how many were new or different. Replicas starting together agree."""
    await session.execute(text("SELECT pg_advisory_xact_lock(7468727)"))
    return sum([await register_agency(session, entry=entry, now=now) for entry in entries])


async def register_agency(session: AsyncSession, *, entry: AgencyEntry, now: datetime) -> bool:
    """Registers or changes one agency; False if it stood there already. InvalidAgency, PrisonCodeTaken."""
    ensure_valid(entry)
    if entry.codes.mdi is not None:
        holder = (await session.scalars(select(AgencyRow.id).where(AgencyRow.mdi == entry.codes.mdi))).first()
        if holder not in (None, entry.id):
            raise PrisonCodeTaken(pointer="/codes/mdi")
    row = await session.get(AgencyRow, entry.id, with_for_update=True)
    if row is not None and entry_of(row) == entry:
        return False
    told_before = agency_of(entry_of(row)) if row else None
    row = row or AgencyRow(id=entry.id, kind=entry.kind, name="", area="", nhs_body=False, details={}, updated_at=now)
    row.kind, row.name, row.area, row.nhs_body = entry.kind, entry.name, entry.area, entry.nhs_body
    row.ods, row.mdi, row.contracted_by = entry.codes.ods, entry.codes.mdi, entry.contracted_by
    row.details = entry.model_dump(mode="json", include={"contact", "link_workers", "members"})
    row.updated_at = now
    session.add(row)
    await session.flush()
    agency = agency_of(entry)
    if agency != told_before:
        await emit(session, AgencyRegisteredV1(agency_id=entry.id, agency=agency, at=now), now=now)
    return True


def agency_of(entry: AgencyEntry) -> Agency:
    """What others are told of an entry: its single point of contact, which is a desk, and no names of people."""
    return Agency.model_validate(entry.model_dump(exclude={"link_workers", "members"}))


def entry_of(row: AgencyRow) -> AgencyEntry:
    return AgencyEntry(
        id=row.id,
        kind=AgencyKind(row.kind),
        name=row.name,
        area=row.area,
        nhs_body=row.nhs_body,
        codes=AgencyCodes(ods=row.ods, mdi=row.mdi),
        contracted_by=row.contracted_by,
        **row.details,
    )
