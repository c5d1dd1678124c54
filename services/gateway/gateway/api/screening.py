# ruff: noqa: ARG001 - what is only forwarded is a parameter so that it is validated and described
"""Screening requests: "is this person known to you?". Kept by the service referral, which each side asks in its own
name; the other side's word is in the answer as far as it was shared.

Who could not be answered under any agreement in force is told so before anything is asked. That is a courtesy: whether
a request reaches anybody is decided where every share is.
"""

import json
from collections.abc import Sequence
from enum import Enum
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from chassis.auth import require
from chassis.http_client import Answer, UpstreamUnavailable
from chassis.idempotency import key_required
from chassis.openapi_headers import IF_MATCH, KEY_HONOURED, told
from chassis.pagination import DEFAULT_LIMIT, MAX_LIMIT
from contracts.codes import Basis, Category, Scope
from contracts.errors import NotPermitted
from contracts.http.gateway import OpaqueId
from contracts.http.screening import Screening, ScreeningAnswerBody, ScreeningBody, ScreeningList
from contracts.screening import ScreeningState
from gateway.api.caller import Caller, CallerDep
from gateway.api.forward import Person, ask, known, passed
from gateway.api.referral_views import as_json
from gateway.domain.screening import with_shared
from gateway.queries import views

TAGS: list[str | Enum] = ["screening"]
asking = APIRouter(prefix="/v1/people", tags=TAGS)
reading = APIRouter(prefix="/v1/screening-requests", tags=TAGS)
answering = APIRouter(prefix="/v1/screening-requests", tags=TAGS)

READ = [require(Scope.READ)]
ScreeningId = Annotated[OpaqueId, Path()]


class NoAnswerForYou(NotPermitted):
    """No agreement in force lets your agency have the answer, so the question is not asked."""

    code = "answer-not-permitted"


@asking.post(
    "/{person}/screening-requests",
    status_code=201,
    response_model=Screening,
    dependencies=[require(Scope.REFER), key_required],
)
async def ask_whether_known(caller: CallerDep, person: Person, body: ScreeningBody) -> Response:
    """Ask a trust whether this person is known to it. The question reaches it once the answer may come back."""
    await _ensure_answerable(caller)
    found = await known(caller, person)
    path = f"/people/{found.person_id}/screening-requests"
    content = await caller.request.body()
    return await _joined(caller, await ask(caller, caller.owners.referral, "POST", path, content=content, after=found))


@reading.get("", response_model=ScreeningList, dependencies=READ)
async def screening_requests(
    caller: CallerDep,
    direction: Literal["sent", "received"] = "sent",
    state: ScreeningState | None = None,
    person_id: Annotated[OpaqueId | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    cursor: Annotated[str | None, Query(max_length=2000)] = None,
) -> Response:
    """Screening requests that this agency sent or received, newest first."""
    params = dict(caller.request.query_params)
    answer = await ask(caller, caller.owners.referral, "GET", "/screening-requests", params=params)
    if not answer.ok:
        return passed(caller, answer)
    page = answer.json()
    return as_json(answer, page | {"items": await _shown(caller, page["items"], count=len(page["items"]))})


@reading.get("/{screening_id}", response_model=Screening, dependencies=READ)
async def one_screening_request(caller: CallerDep, screening_id: ScreeningId) -> Response:
    """One screening request; its ETag counts what this side knows of where it stands."""
    path = f"/screening-requests/{screening_id}"
    answer = await ask(caller, caller.owners.referral, "GET", path, conditional=False)
    return await _joined(caller, answer, looked=True)


@answering.post(
    "/{screening_id}/answer",
    response_model=Screening,
    dependencies=[require(Scope.ANSWER)],
    openapi_extra=told(IF_MATCH, KEY_HONOURED),
)
async def answer_screening_request(caller: CallerDep, screening_id: ScreeningId, body: ScreeningAnswerBody) -> Response:
    """Say yes, no, or that they should get in touch. Once: a second answer is refused."""
    path = f"/screening-requests/{screening_id}/answer"
    content = await caller.request.body()
    return await _joined(caller, await ask(caller, caller.owners.referral, "POST", path, content=content))


async def _ensure_answerable(caller: Caller) -> None:
    """Raises NoAnswerForYou where no clause in force could ever bring an answer to this agency."""
    answer = await ask(caller, caller.owners.consent, "GET", "/me")
    if not answer.ok:
        raise UpstreamUnavailable
    for route in answer.json()["may_receive"]:
        if route["category"] == Category.KNOWN_TO_SERVICE and route["basis"] != Basis.VITAL_INTERESTS:
            return
    raise NoAnswerForYou


async def _joined(caller: Caller, answer: Answer, *, looked: bool = False) -> Response:
    """One request, or the owner's refusal as it is."""
    if not answer.ok:
        return passed(caller, answer)
    (found,) = await _shown(caller, [answer.json()], looked=looked)
    return as_json(answer, found)


async def _shown(
    caller: Caller, items: Sequence[dict[str, Any]], *, looked: bool = True, count: int | None = None
) -> list[dict[str, Any]]:
    """Requests in their order, each with the other side's word as far as it stands in this agency's view."""
    if not items:
        return []
    async with caller.asking() as session:
        rows = await views.about_screenings(
            session, agency=caller.agency, screenings=[str(item["screening_id"]) for item in items]
        )
        if looked:
            await caller.looked(session, person_id=None if count else str(items[0]["person_id"]), count=count)
    shared = {(row.subject_ref, Category(row.category)): json.loads(row.body)["content"] for row in rows}
    return [with_shared(item, shared) for item in items]
