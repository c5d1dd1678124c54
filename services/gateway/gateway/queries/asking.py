"""Who is asking, said to the database: row-level security lets a transaction see the rows of this agency alone."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_ASKING = "SELECT set_config('throughgate.agency', :agency, true), set_config('throughgate.agency_kind', :kind, true)"


async def ask_as(session: AsyncSession, *, agency: str, kind: str) -> None:
    """For the rest of this transaction the rows of this agency are there, and no others."""
    await session.execute(text(_ASKING), {"agency": agency, "kind": kind})
