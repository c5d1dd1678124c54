"""When a request is answered, and whether its caller may see this person's release."""

from datetime import datetime
from typing import Annotated

from fastapi import Depends

from chassis import clock
from chassis.auth import ActorDep
from chassis.session import SessionDep
from contracts.errors import NotFound
from release_notify.domain.state import State
from release_notify.queries.states import state


class NotYours(NotFound):
    """There is no release of a person here that is this agency's to see."""


async def present() -> datetime:
    return clock.now()


NowDep = Annotated[datetime, Depends(present)]


async def own_state(person_id: str, session: SessionDep, actor: ActorDep) -> State:
    """The person's state, to the prison that has custody, or had it last."""
    found = await state(session, person_id)
    holds = found.custody is not None and found.custody.prison == actor.agency
    held = found.release is not None and found.release.prison == actor.agency
    if not (holds or held):
        raise NotYours
    return found


OwnStateDep = Annotated[State, Depends(own_state)]
