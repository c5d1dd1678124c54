"""Restricting a person: nothing about them is shared, whatever the basis."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from consent.operations.access import hold
from consent.operations.deciding import decide_and_emit
from consent.operations.persons import tick


async def restrict(session: AsyncSession, *, person_id: str, restricted: bool, now: datetime) -> None:
    """Sets or lifts the restriction; live shares end with it."""
    held = await hold(session, person_id=person_id, now=now)
    if held.person.restricted == restricted:
        return
    at = tick(held.person, now)
    held.person.restricted = restricted
    await decide_and_emit(session, [held.person], snapshot=held.snapshot, now=at)
