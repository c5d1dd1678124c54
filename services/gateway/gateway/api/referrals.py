# ruff: noqa: ARG001 - what is only forwarded is a parameter so that it is validated and described
"""Referrals: every agency may refer; receiving kinds answer. Kept by the service referral, which each side asks in its
own name; what the other side wrote is in the answer as far as it was shared.
"""

import json
from enum import Enum
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from chassis.auth import require
from chassis.idempotency import key_required
from chassis.openapi_headers import IF_MATCH_REQUIRED, KEY_HONOURED, told
from chassis.pagination import DEFAULT_LIMIT, MAX_LIMIT
from contracts.codes import Need, ReferralState, Scope
from contracts.http import referral as bodies
from contracts.http.consent import EmptyBody
from contracts.http.gateway import OpaqueId
from contracts.http.referral_views import ReferralAppointmentMade, ReferralView, ReferralViews
from gateway.api.caller import CallerDep
from gateway.api.forward import ask, known
from gateway.api.referral_views import joined, joined_page

TAGS: list[str | Enum] = ["referrals"]
router = APIRouter(prefix="/v1/referrals", tags=TAGS)
answering = APIRouter(prefix="/v1/referrals", tags=TAGS)
"""For the kinds that receive."""

READ = [require(Scope.READ)]
ACTS = told(IF_MATCH_REQUIRED, KEY_HONOURED)
MAKES = told(IF_MATCH_REQUIRED)
ReferralId = Annotated[OpaqueId, Path()]


@router.post("", status_code=201, response_model=ReferralView, dependencies=[require(Scope.REFER), key_required])
async def refer(caller: CallerDep, body: bodies.ReferralBody) -> Response:
    """Refer a person to an agency or to a service of the directory. What becomes of it is its state."""
    person = await known(caller, body.person)
    content = json.dumps(json.loads(await caller.request.body()) | {"person": person.person_id}).encode()
    return await joined(
        caller, await ask(caller, caller.owners.referral, "POST", "/referrals", content=content, after=person)
    )


@router.get("", response_model=ReferralViews, dependencies=READ)
async def referrals(
    caller: CallerDep,
    direction: Literal["sent", "received"] = "sent",
    state: ReferralState | None = None,
    overdue: bool | None = None,
    person_id: Annotated[OpaqueId | None, Query()] = None,
    need: Need | None = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    cursor: Annotated[str | None, Query(max_length=2000)] = None,
) -> Response:
    """Referrals that this agency sent or received, newest first."""
    params = dict(caller.request.query_params)
    return await joined_page(caller, await ask(caller, caller.owners.referral, "GET", "/referrals", params=params))


@router.get("/{referral_id}", response_model=ReferralView, dependencies=READ)
async def one_referral(caller: CallerDep, referral_id: ReferralId) -> Response:
    """One referral; its ETag is for `If-Match` and counts what this side knows."""
    answer = await ask(caller, caller.owners.referral, "GET", f"/referrals/{referral_id}", conditional=False)
    return await joined(caller, answer, looked=True)


def _action(
    on: APIRouter,
    name: str,
    schema: type[bodies.Body] | None,
    scope: Scope,
    says: str,
    *,
    status: int = 200,
    model: type[ReferralView] = ReferralView,
) -> None:
    """One route per action, so that each has its schema. All take `If-Match` and answer the referral."""

    async def act(caller: CallerDep, referral_id: ReferralId, body: Any) -> Response:
        content = await caller.request.body()
        path = f"/referrals/{referral_id}/{name}"
        return await joined(caller, await ask(caller, caller.owners.referral, "POST", path, content=content))

    async def act_without_body(caller: CallerDep, referral_id: ReferralId, body: EmptyBody | None = None) -> Response:
        path = f"/referrals/{referral_id}/{name}"
        return await joined(caller, await ask(caller, caller.owners.referral, "POST", path, content=b""))

    route = act_without_body if schema is None else act
    if schema is not None:
        act.__annotations__["body"] = schema
    route.__doc__ = says
    makes = status == 201
    on.post(
        f"/{{referral_id}}/{name}",
        name=f"referral_{name.replace('-', '_')}",
        status_code=status,
        response_model=model,
        dependencies=[require(scope), *([key_required] if makes else [])],
        openapi_extra=MAKES if makes else ACTS,
    )(route)


_action(router, "submission", None, Scope.REFER, "Confirm an onward referral, or send again after advice.")
_action(router, "information", bodies.InformationBody, Scope.REFER, "Answer what the receiver asked.")
_action(router, "withdrawal", bodies.ReasonBody, Scope.REFER, "Take the referral back.")
_action(router, "closure", bodies.ReasonBody, Scope.REFER, "Decide that nothing more is done.")
_action(router, "waiting-update", bodies.WaitingUpdateBody, Scope.READ, "Say when it is expected to start.")
_action(
    router,
    "appointments",
    bodies.AppointmentBody,
    Scope.READ,
    "Make an appointment; it has an id of its own.",
    status=201,
    model=ReferralAppointmentMade,
)
_action(answering, "acceptance", bodies.AcceptanceBody, Scope.ANSWER, "Take the person on.")
_action(answering, "rejection", bodies.RejectionBody, Scope.ANSWER, "Say no, why, and what comes next.")
_action(answering, "advice", bodies.AdviceBody, Scope.ANSWER, "Return it to the sender with advice.")
_action(answering, "information-request", bodies.InformationRequestBody, Scope.ANSWER, "Ask the sender for more.")
_action(answering, "hold", bodies.HoldBody, Scope.ANSWER, "Put it on hold until a day.")
_action(answering, "resumption", None, Scope.ANSWER, "Go on with what was on hold.")
_action(answering, "allocation", bodies.AllocationBody, Scope.ANSWER, "Give it to a member or a team.")
_action(answering, "outcome", bodies.OutcomeBody, Scope.ANSWER, "Say how it ended.")


@router.post(
    "/{referral_id}/appointments/{appointment_id}/attendance",
    response_model=ReferralView,
    dependencies=READ,
    openapi_extra=ACTS,
)
async def referral_attendance(
    caller: CallerDep, referral_id: ReferralId, appointment_id: Annotated[OpaqueId, Path()], body: bodies.AttendanceBody
) -> Response:
    """Say what came of an appointment."""
    path = f"/referrals/{referral_id}/appointments/{appointment_id}/attendance"
    content = await caller.request.body()
    return await joined(caller, await ask(caller, caller.owners.referral, "POST", path, content=content))
