# ruff: noqa: ARG001 - what is only forwarded is a parameter so that it is validated and described
"""Consents, withdrawals and objections: a person's own word, kept by consent."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from chassis.auth import require
from chassis.idempotency import key_required
from chassis.openapi_headers import KEY_HONOURED, told
from chassis.pagination import DEFAULT_LIMIT, MAX_LIMIT
from contracts.codes import Scope
from contracts.http.consent import (
    ConsentAnswer,
    ConsentBody,
    ConsentList,
    EmptyBody,
    ObjectionAnswer,
    ObjectionBody,
    WithdrawalAnswer,
    WithdrawalBody,
)
from contracts.http.gateway import OpaqueId
from gateway.api.caller import CallerDep
from gateway.api.forward import Person, forward_for

router = APIRouter(prefix="/v1/people/{person}", tags=["consent"])

CREATE = [require(Scope.CONSENT), key_required]
WITHDRAW = [require(Scope.CONSENT)]


@router.post("/consents", status_code=201, response_model=ConsentAnswer, dependencies=CREATE)
async def record_consent(caller: CallerDep, person: Person, body: ConsentBody) -> Response:
    """A person's consent, or their refusal of one."""
    return await forward_for(caller, caller.owners.consent, person, "/consents")


@router.get("/consents", response_model=ConsentList, dependencies=[require(Scope.READ)])
async def consents(
    caller: CallerDep,
    person: Person,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    cursor: Annotated[str | None, Query(max_length=2000)] = None,
) -> Response:
    """Consents that this agency recorded or relies on."""
    return await forward_for(caller, caller.owners.consent, person, "/consents")


@router.post(
    "/consents/{consent_id}/withdrawal",
    response_model=WithdrawalAnswer,
    dependencies=WITHDRAW,
    openapi_extra=told(KEY_HONOURED),
)
async def withdraw_one(
    caller: CallerDep, person: Person, consent_id: Annotated[OpaqueId, Path()], body: EmptyBody | None = None
) -> Response:
    """Withdraw a consent that is known; from then no decision relies on it."""
    return await forward_for(caller, caller.owners.consent, person, f"/consents/{consent_id}/withdrawal")


@router.post(
    "/consent-withdrawals",
    response_model=WithdrawalAnswer,
    dependencies=WITHDRAW,
    openapi_extra=told(KEY_HONOURED),
)
async def withdraw(caller: CallerDep, person: Person, body: WithdrawalBody | None = None) -> Response:
    """Withdraw, without knowing what there is. Nothing named means everything; no reason is asked for."""
    return await forward_for(caller, caller.owners.consent, person, "/consent-withdrawals")


@router.post("/objections", status_code=201, response_model=ObjectionAnswer, dependencies=CREATE)
async def object_to(caller: CallerDep, person: Person, body: ObjectionBody) -> Response:
    """Object to statutory clauses that yield to an objection."""
    return await forward_for(caller, caller.owners.consent, person, "/objections")
