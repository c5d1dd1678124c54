"""Agencies of the register: whom there a thing is for."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_CONTACTS = "SELECT agency_id, contact FROM agency WHERE agency_id = ANY(:ids) AND contact IS NOT NULL"


async def contacts_of(session: AsyncSession, agencies: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The single points of contact of these agencies, of those that have named one."""
    ids = sorted(set(agencies))
    if not ids:
        return {}
    return {row.agency_id: row.contact for row in await session.execute(text(_CONTACTS), {"ids": ids})}
