"""The register of agencies, as far as referrals need it."""

from sqlalchemy.ext.asyncio import AsyncSession

from contracts.caseload import AgencyRegisteredV1
from referral.models import AgencyRow


async def register_agency(session: AsyncSession, registered: AgencyRegisteredV1) -> None:
    """Adds the agency, or replaces what was known of it."""
    agency = registered.agency
    contact = agency.contact.model_dump(exclude_none=True) if agency.contact else None
    row = AgencyRow(agency_id=agency.id, kind=agency.kind.value, name=agency.name, area=agency.area, contact=contact)
    await session.merge(row)
    await session.flush()
