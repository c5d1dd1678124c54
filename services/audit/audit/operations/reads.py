"""What an auditor reads is an entry of the same log, appended before the answer goes out."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from audit.domain.entries import auditor_read
from audit.operations.append import append
from audit.signing import Signer
from chassis.auth import Actor
from chassis.ids import new_id


async def record_read(
    session: AsyncSession,
    *,
    route: str,
    filters: Mapping[str, str],
    count: int,
    actor: Actor,
    signer: Signer,
    now: datetime,
) -> None:
    """Who read by which route with what filters, and how many items came back."""
    draft = auditor_read(
        entry_id=new_id(),
        agency=actor.agency,
        member=actor.member,
        route=route,
        filters=filters,
        count=count,
        at=now,
    )
    await append(session, [draft], signer=signer, now=now)
