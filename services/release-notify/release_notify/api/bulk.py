"""The gateway's bulk endpoint calls this, up to a thousand lines at a time."""

import asyncio
from collections import defaultdict

from fastapi import APIRouter

from chassis.auth import ActorDep, require
from chassis.causality import WAIT_SECONDS, NotCaughtUp
from chassis.db import Database
from chassis.idempotency import IdempotentRoute, key_required
from chassis.session import DatabaseDep, SessionDep
from contracts.codes import Scope
from contracts.http.release import BatchAnswer, BatchBody, BatchResult
from release_notify.api.dependencies import NowDep
from release_notify.domain.lines import read_line
from release_notify.operations.batch import Line, Result, push_lines
from release_notify.queries.causality import behind

router = APIRouter(prefix="/v1/release-dates", tags=["bulk"], route_class=IdempotentRoute)


async def caught_up(body: BatchBody, database: Database) -> None:
    """Waits, with no person locked, until every line's person is known as far as its line relies on."""
    needed: dict[str, int] = defaultdict(int)
    for line in body.lines:
        if line.after:
            needed[line.person_id] = max(needed[line.person_id], line.after)
    deadline = asyncio.get_running_loop().time() + WAIT_SECONDS
    pause = 0.005
    while needed:
        async with database.session() as session:
            missing = await behind(session, needed)
        needed = {person_id: needed[person_id] for person_id in missing}
        if needed:
            if asyncio.get_running_loop().time() >= deadline:
                raise NotCaughtUp
            await asyncio.sleep(pause)
            pause = min(pause * 2, 0.1)


@router.post(
    "/batch",
    dependencies=[require(Scope.PUSH), key_required],
    response_model_exclude_none=True,
)
async def push_batch(
    body: BatchBody, database: DatabaseDep, session: SessionDep, actor: ActorDep, now: NowDep
) -> BatchAnswer:
    """Idempotent by Idempotency-Key, which names the bulk request and the chunk of it."""
    await caught_up(body, database)
    lines = [
        Line(
            line=line.line,
            person_id=line.person_id,
            said=read_line(
                date_type=line.date_type,
                date=line.date,
                status=line.status,
                reason=line.reason,
                sequence=line.sequence,
            ),
        )
        for line in body.lines
    ]
    results = await push_lines(session, lines=lines, actor=actor, now=now)
    return BatchAnswer(results=[_result(result) for result in results])


def _result(result: Result) -> BatchResult:
    return BatchResult(
        line=result.line,
        outcome=result.outcome.value,
        release_id=result.release_id,
        code=result.refused.code if result.refused else None,
        detail=result.refused.detail if result.refused else None,
    )
