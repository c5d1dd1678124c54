"""Emergency pulls: a named member of staff asks for one category, says why in writing, and is always reviewed."""

import json
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from chassis.auth import require
from chassis.idempotency import key_required
from chassis.pagination import DEFAULT_LIMIT, MAX_LIMIT
from contracts.codes import Scope
from contracts.http.consent import EmergencyRequestAnswer, EmergencyRequestBody, EmergencyRequestList
from gateway.api.caller import CallerDep
from gateway.api.forward import ask, forward, known, passed

router = APIRouter(prefix="/v1/emergency-requests", tags=["emergency"], dependencies=[require(Scope.EMERGENCY)])


@router.post("", status_code=202, response_model=EmergencyRequestAnswer, dependencies=[key_required])
async def request_in_emergency(caller: CallerDep, body: EmergencyRequestBody) -> Response:
    """The item arrives in the feed if it is permitted."""
    person = await known(caller, body.person)
    sent = json.loads(await caller.request.body()) | {"person": person.person_id}
    content = json.dumps(sent).encode()
    answer = await ask(caller, caller.owners.consent, "POST", "/emergency-requests", content=content, after=person)
    return passed(caller, answer)


@router.get("", response_model=EmergencyRequestList)
async def own_requests(
    caller: CallerDep,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    cursor: Annotated[str | None, Query(max_length=2000)] = None,
) -> Response:
    """This agency's own requests."""
    params = {"limit": limit, "cursor": cursor}
    answered = await forward(caller, caller.owners.consent, "/emergency-requests", params=params)
    if answered.status_code == 200:
        async with caller.asking() as session:
            await caller.looked(session, person_id=None, count=len(json.loads(bytes(answered.body))["items"]))
    return answered
