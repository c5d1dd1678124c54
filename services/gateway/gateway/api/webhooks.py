"""Where an agency wants to be called: the webhook of its feed, and the endpoint for answers to its BaRS messages.

The gateway itself calls nobody: it checks the address, keeps it, and leaves the rest to the deliverer. A secret is
sealed before it is kept, and cannot be read back through any route.
"""

import os
from typing import Annotated, ClassVar

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from chassis import clock
from chassis.auth import require
from chassis.etag import PreconditionsDep
from chassis.idempotency import IdempotentRoute
from chassis.ids import new_id
from chassis.openapi import or_created
from chassis.openapi_headers import IF_NONE_MATCH, told
from chassis.outside import addresses_of, rules_of, target_of
from chassis.pagination import PageDep
from chassis.session import SessionDep
from contracts.codes import Scope
from contracts.errors import Invalid
from contracts.http.consent import EmptyBody
from contracts.http.webhooks import WebhookBody, WebhookDeliveries, WebhookDeliveryView, WebhookTest, WebhookView
from gateway.api.caller import Caller, CallerDep
from gateway.api.single import tagged
from gateway.domain.webhooks import Endpoint, is_secret, seal_purpose, secret_of
from gateway.feed_cursors import feed_cursor
from gateway.operations.webhooks import WebhookUnknown, register, remove, send_test
from gateway.queries import webhooks
from gateway.queries.asking import ask_as

router = APIRouter(
    prefix="/v1/webhook", tags=["webhook"], dependencies=[require(Scope.READ)], route_class=IdempotentRoute
)
KEY_BYTES = 32
NEVER_KEPT = {"cache-control": "no-store"}


class SecretRefused(Invalid):
    """A secret is whsec_ and 24 to 64 bytes in base64."""

    code: ClassVar[str] = "secret-refused"


async def _feed() -> Endpoint:
    return Endpoint.FEED


async def _fhir() -> Endpoint:
    return Endpoint.FHIR


FeedDep = Annotated[Endpoint, Depends(_feed)]
FhirDep = Annotated[Endpoint, Depends(_fhir)]
REFERS = [require(Scope.REFER)]


@router.put("", response_model=WebhookView, responses=or_created(WebhookView))
async def set_webhook(request: Request, caller: CallerDep, body: WebhookBody, endpoint: FeedDep) -> Response:
    """Be called about each item that becomes available from now on. Without `secret` one is made, and shown once."""
    return await _set(request, caller, body, endpoint)


@router.get("", response_model=WebhookView, openapi_extra=told(IF_NONE_MATCH))
async def webhook(caller: CallerDep, endpoint: FeedDep, wanted: PreconditionsDep) -> Response:
    """The webhook and how it fares."""
    return tagged(await _view(caller, endpoint), wanted)


@router.delete("", status_code=204)
async def remove_webhook(caller: CallerDep, endpoint: FeedDep) -> None:
    """Be called no more; what is pending is dropped. The feed has it all."""
    await _remove(caller, endpoint)


@router.put("/fhir", response_model=WebhookView, responses=or_created(WebhookView), dependencies=REFERS)
async def set_fhir_endpoint(request: Request, caller: CallerDep, body: WebhookBody, endpoint: FhirDep) -> Response:
    """Get answers to referrals that were sent as BaRS messages as messages too (`servicerequest-response`)."""
    return await _set(request, caller, body, endpoint)


@router.get("/fhir", response_model=WebhookView, dependencies=REFERS, openapi_extra=told(IF_NONE_MATCH))
async def fhir_endpoint(caller: CallerDep, endpoint: FhirDep, wanted: PreconditionsDep) -> Response:
    """The endpoint for answers and how it fares."""
    return tagged(await _view(caller, endpoint), wanted)


@router.delete("/fhir", status_code=204, dependencies=REFERS)
async def remove_fhir_endpoint(caller: CallerDep, endpoint: FhirDep) -> None:
    """Get no more messages; what is pending is dropped."""
    await _remove(caller, endpoint)


@router.post("/test", status_code=202)
async def test_webhook(
    caller: CallerDep,
    session: SessionDep,
    body: EmptyBody | None = None,  # noqa: ARG001, PT028 - no test
) -> WebhookTest:
    """Have the webhook called once with nothing in it; look at the deliveries for what came of it."""
    await ask_as(session, agency=caller.agency, kind=caller.actor.kind)
    message_id = new_id()
    await send_test(session, agency=caller.agency, message_id=message_id, now=clock.now())
    return WebhookTest(message_id=message_id)


@router.get("/deliveries", response_model=WebhookDeliveries)
async def deliveries(caller: CallerDep, page: PageDep) -> dict[str, object]:
    """What was sent to this agency's endpoints in the last 30 days, newest first."""
    before = (str(page.after[0]), str(page.after[1])) if page.after else None
    async with caller.asking() as session:
        rows = await webhooks.deliveries(session, agency=caller.agency, before=before, limit=page.fetch)
    return page.answer(
        rows, key=lambda row: (row.made_at.isoformat(), row.message_id), item=lambda row: _delivery(caller, row)
    )


def _delivery(caller: Caller, row: webhooks.DeliveryRow) -> WebhookDeliveryView:
    at = None if row.cursor is None else feed_cursor(row.cursor, agency=caller.agency, secret=caller.cursor_key)
    return WebhookDeliveryView(
        message_id=row.message_id,
        endpoint=row.endpoint.value,
        cursor=at,
        state=row.state.value,
        attempts=row.attempts,
        status=row.status,
        problem=row.problem,
        made_at=row.made_at,
        tried_at=row.tried_at,
        next_attempt_at=row.next_at,
    )


async def _set(request: Request, caller: Caller, body: WebhookBody, endpoint: Endpoint) -> Response:
    rules = rules_of(request.app.state.settings)
    await addresses_of(target_of(body.url, rules), rules)
    if body.secret is not None and not is_secret(body.secret):
        raise SecretRefused(pointer="/secret")
    secret = body.secret or secret_of(os.urandom(KEY_BYTES))
    sealed = request.app.state.sealer.seal(secret, purpose=seal_purpose(caller.agency, endpoint))
    async with caller.asking() as session:
        is_new = await register(
            session, agency=caller.agency, endpoint=endpoint, url=body.url, secret=sealed, now=clock.now()
        )
        view = await _seen(caller, session, endpoint)
    if body.secret is None:
        view = view.model_copy(update={"secret": secret})
    status = 201 if is_new else 200
    return Response(view.model_dump_json(exclude_none=True), status, NEVER_KEPT, media_type="application/json")


async def _view(caller: Caller, endpoint: Endpoint) -> Response:
    async with caller.asking() as session:
        found = await _seen(caller, session, endpoint)
    return Response(found.model_dump_json(exclude_none=True), media_type="application/json")


async def _seen(caller: Caller, session: SessionDep, endpoint: Endpoint) -> WebhookView:
    found = await webhooks.registered(session, agency=caller.agency, endpoint=endpoint)
    if found is None:
        raise WebhookUnknown
    return WebhookView(
        url=found.url,
        registered_at=found.registered_at,
        pending=found.pending,
        given_up=found.given_up,
        delivered_at=found.delivered_at,
    )


async def _remove(caller: Caller, endpoint: Endpoint) -> None:
    async with caller.asking() as session:
        await remove(session, agency=caller.agency, endpoint=endpoint)
