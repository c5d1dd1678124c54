"""Who asks, when, and which person they name, in the caller's rights."""

from datetime import datetime
from typing import Annotated

from fastapi import Depends, Path

from caseload.domain.identifiers import Identifier
from caseload.domain.references import parse_reference
from caseload.queries.people import Found, resolve_one
from chassis import clock
from chassis.auth import ActorDep
from chassis.session import SessionDep


async def present() -> datetime:
    return clock.now()


NowDep = Annotated[datetime, Depends(present)]


async def reference(person: Annotated[str, Path(max_length=60)], now: NowDep) -> str | Identifier:
    """The person as the path names them, not looked up."""
    return parse_reference(person, today=now.date())


ReferenceDep = Annotated[str | Identifier, Depends(reference)]


async def found_person(reference: ReferenceDep, session: SessionDep, actor: ActorDep) -> Found:
    """The person in the caller's rights; PersonNotFound also where it exists and is not the caller's to see."""
    return await resolve_one(session, reference, agency=actor.agency, kind=actor.kind)


FoundDep = Annotated[Found, Depends(found_person)]
