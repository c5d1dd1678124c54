"""The register of agencies, as far as referrals need it."""

from sqlalchemy.ext.asyncio import AsyncSession

from contracts.caseload import AgencyRegisteredV1
from referral.models import AgencyRow


async def register_agency(session: AsyncSession, registered: AgencyRegisteredV1) -> None:
    """Adds the agency, or replaces what was known of it."""
    agency = registered.agency
    await session.merge(AgencyRow(agency_id=agency.id, kind=agency.kind.value, name=agency.name, area=agency.area))
    await session.flush()
