"""When a request is answered, and the version of its own side that a caller means to change."""

from datetime import datetime
from typing import Annotated

from fastapi import Depends

from chassis import clock
from chassis.etag import PreconditionsDep
from referral.operations.case import Precondition


def present() -> datetime:
    return clock.now()


NowDep = Annotated[datetime, Depends(present)]


def seen_version(wanted: PreconditionsDep) -> Precondition:
    """428 without If-Match, 412 where this side has changed since."""

    def ensure(version: int) -> None:
        wanted.ensure(version, required=True)

    return ensure


SeenDep = Annotated[Precondition, Depends(seen_version)]
