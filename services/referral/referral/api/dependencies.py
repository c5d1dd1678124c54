"""When a request is answered, and an action on a referral with the version that its caller means to change."""

from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, TypedDict

from fastapi import Depends, Response

from chassis import clock
from chassis.auth import Actor, ActorDep
from chassis.db import AsyncSession
from chassis.etag import PreconditionsDep
from chassis.session import SessionDep
from contracts.http.referral import ReferralAnswer
from referral.api.translate import answered
from referral.operations.case import Case, Precondition


async def present() -> datetime:
    return clock.now()


NowDep = Annotated[datetime, Depends(present)]


class Who(TypedDict):
    """What every operation on a referral takes: which, on which version of it, who does it, and when."""

    referral_id: str
    ensure: Precondition
    actor: Actor
    now: datetime


@dataclass(frozen=True)
class Acting:
    """One action on one referral: `who` and `session` go to the operation, and what comes of it is answered."""

    session: AsyncSession
    who: Who
    response: Response

    async def answer(self, acted: Awaitable[Case]) -> ReferralAnswer:
        """Does it, and answers the referral as the caller has it, with its ETag."""
        return await answered(self.session, await acted, self.who["actor"], self.response)


async def acting(
    referral_id: str, wanted: PreconditionsDep, response: Response, session: SessionDep, actor: ActorDep, now: NowDep
) -> Acting:
    """428 without If-Match, 412 where the caller's side has changed since."""

    def ensure(version: int) -> None:
        wanted.ensure(version, required=True)

    return Acting(session, Who(referral_id=referral_id, ensure=ensure, actor=actor, now=now), response)


ActingDep = Annotated[Acting, Depends(acting)]
