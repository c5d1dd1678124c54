"""Handing a call on to its owner and the owner's answer back. The gateway adds nothing and keeps nothing.

The owner validates the token again and takes the agency from it; a body goes on as it was sent. Of the answer the
status, the body and the headers of `PASSED_BACK` come through; an owner's own fault is `upstream-unavailable`.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import Path
from fastapi.responses import Response

from chassis import causality
from chassis.auth import token_of
from chassis.handed_on import forwarded
from chassis.http_client import Answer, ServiceClient, UpstreamUnavailable
from chassis.problems import MEDIA_TYPE
from contracts.errors import NotFound
from contracts.http.caseload import ResolveAnswer, ResolvedPerson
from gateway.api.caller import Caller

Person = Annotated[str, Path(min_length=3, max_length=60, description="Opaque id, or `scheme:value`.")]
Params = Mapping[str, str | int | None]


class PersonUnknown(NotFound):
    """There is no such person, or it is not yours to see."""

    code = "person-unknown"


async def ask(
    caller: Caller,
    owner: ServiceClient,
    method: str,
    path: str,
    *,
    content: bytes | None = None,
    params: Params | None = None,
    after: ResolvedPerson | None = None,
    extra: Mapping[str, str] | None = None,
    conditional: bool = True,
) -> Answer:
    """The owner's answer, whatever its status; `path` is below the owner's `/v1`.

    `after` makes the owner wait until it has heard of the person what caseload knows. Without `conditional` an
    `If-None-Match` stays here: the answer holds more than what the owner's ETag is about.
    """
    headers = forwarded(caller.request.headers)
    if not conditional:
        headers.pop("if-none-match", None)
    headers.pop(causality.HEADER.lower(), None)
    if content is not None:
        headers["content-type"] = "application/json"
    if after is not None:
        headers[causality.HEADER.lower()] = str(after.version)
    token = token_of(caller.request)
    answer = await owner.request(
        method, f"/v1{path}", token=token, content=content, params=params, headers={**headers, **(extra or {})}
    )
    if not answer.ok and (answer.status == 500 or not answer.headers.get("content-type", "").startswith(MEDIA_TYPE)):
        raise UpstreamUnavailable
    return answer


def if_there(answer: Answer) -> Answer | None:
    """The answer; None where the owner has nothing of this agency's there. What it refuses for another reason, or for
    now, is refused: nobody takes what could not be asked for what is not. Raises the owner's problem."""
    return None if answer.status in (403, 404) else answer.raise_for_problem()


def passed(caller: Caller, answer: Answer) -> Response:
    """The owner's answer as this gateway's; a Location below the owner's root is one below this gateway's."""
    headers = answer.passed_back()
    location = headers.get("location")
    if location is not None and location.startswith("/"):
        headers["location"] = caller.request.scope.get("root_path", "") + location
    media_type = answer.headers.get("content-type", "application/json") if answer.body else None
    return Response(answer.body, answer.status, headers, media_type=media_type)


async def forward(
    caller: Caller,
    owner: ServiceClient,
    path: str,
    *,
    params: Params | None = None,
    after: ResolvedPerson | None = None,
) -> Response:
    """Hand this call on as it is, body included, and answer what the owner answers."""
    method = caller.request.method
    content = None if method in ("GET", "DELETE") else await caller.request.body()
    return passed(caller, await ask(caller, owner, method, path, content=content, params=params, after=after))


async def resolve_all(caller: Caller, references: Sequence[str]) -> list[ResolvedPerson | None]:
    """The persons that these references name to this agency, in order, None for what names nobody to it."""
    body = {"people": list(references)}
    answer = await caller.owners.caseload.call("POST", "/v1/people/resolve", token=token_of(caller.request), body=body)
    return ResolveAnswer.model_validate_json(answer.body).items


async def resolve(caller: Caller, reference: str) -> ResolvedPerson | None:
    """As `resolve_all`, for one."""
    return (await resolve_all(caller, [reference]))[0]


def ids_of(person: ResolvedPerson | None, reference: str) -> list[str]:
    """Every id under which a person is recorded; an opaque reference that resolves to nobody stands for itself."""
    return [person.person_id, *person.merged] if person else [reference]


async def known(caller: Caller, reference: str) -> ResolvedPerson:
    """As `resolve`. Raises PersonUnknown."""
    person = await resolve(caller, reference)
    if person is None:
        raise PersonUnknown
    return person


async def forward_for(caller: Caller, owner: ServiceClient, reference: str, rest: str) -> Response:
    """Hand a call about a person on to its owner, with the opaque id in the path; a read is recorded first."""
    person = await known(caller, reference)
    answered = await forward(
        caller, owner, f"/people/{person.person_id}{rest}", params=dict(caller.request.query_params), after=person
    )
    if caller.request.method == "GET" and answered.status_code == 200:
        async with caller.asking() as session:
            await caller.looked(session, person_id=person.person_id)
    return answered


def segment(value: str) -> str:
    """A value as one segment of a path."""
    return quote(value, safe=":")


def is_opaque(reference: str) -> bool:
    """Whether a reference is an opaque id rather than `scheme:value`."""
    try:
        return str(UUID(reference)) == reference.lower()
    except ValueError:
        return False
