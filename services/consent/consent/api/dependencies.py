"""When a request is made, and waiting for what its caller already knows."""

from datetime import datetime
from typing import Annotated

from fastapi import Depends, Path

from chassis import clock


async def present() -> datetime:
    return clock.now()


NowDep = Annotated[datetime, Depends(present)]
PersonId = Annotated[str, Path(min_length=1, max_length=60)]
EntryId = Annotated[str, Path(min_length=1, max_length=60)]
