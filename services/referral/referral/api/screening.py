"""Screening requests: asking whether a person is known, reading what was asked, and answering it."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Response

from chassis.auth import ActorDep, require
from chassis.causality import CaughtUp
from chassis.etag import PreconditionsDep, etag_of, not_modified
from chassis.idempotency import IdempotentRoute, key_required
from chassis.pagination import PageDep
from chassis.session import SessionDep
from contracts.codes import ReferralRole, Scope
from contracts.http.referral import Id
from contracts.http.screening import Screening, ScreeningAnswerBody, ScreeningBody, ScreeningList
from contracts.screening import ScreeningState
from referral.api.dependencies import NowDep
from referral.domain.screening import RECEIVER, SENDER
from referral.models import ScreeningRow
from referral.operations import screening
from referral.queries.persons import resolve
from referral.queries.screening import Asked, find, listed, role_of

router = APIRouter(prefix="/v1", tags=["screening"], route_class=IdempotentRoute)
READ = [require(Scope.READ)]


@router.post(
    "/people/{person}/screening-requests",
    dependencies=[require(Scope.REFER), key_required, CaughtUp],
    status_code=201,
    response_model_exclude_none=True,
)
async def ask(
    person: Annotated[Id, Path()],
    body: ScreeningBody,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
) -> Screening:
    row = await screening.ask(
        session, person_id=person, to_agency=body.to_agency, reason=body.reason, actor=actor, now=now
    )
    response.headers["ETag"] = etag_of(row.sender_version)
    return _as(row, SENDER)


@router.get("/screening-requests", dependencies=READ, response_model=ScreeningList)
async def list_screenings(
    session: SessionDep,
    actor: ActorDep,
    page: PageDep,
    direction: Literal["sent", "received"] = "sent",
    state: ScreeningState | None = None,
    person_id: str | None = None,
) -> Response:
    """Newest first; states are those of the caller's own side."""
    role = SENDER if direction == "sent" else RECEIVER
    person = (await resolve(session, [person_id]))[person_id] if person_id else None
    after = str(page.after[0]) if page.after else None
    rows = await listed(session, asked=Asked(actor.agency, role, state, person), limit=page.fetch, after=after)
    kept, following = page.cut(rows, lambda row: (row.screening_id,))
    return page.sparse((_as(row, role) for row in kept), following)


@router.get("/screening-requests/{screening_id}", dependencies=READ, response_model=Screening)
async def one_screening(screening_id: str, session: SessionDep, actor: ActorDep, wanted: PreconditionsDep) -> Response:
    """One request with the ETag of the caller's own side."""
    row = await find(session, screening_id)
    found = _as(row, role_of(row, actor))
    headers = {"ETag": etag_of(found.version)}
    if not_modified(wanted, found.version):
        return Response(status_code=304, headers=headers)
    return Response(found.model_dump_json(exclude_none=True, by_alias=True), 200, headers, "application/json")


@router.post(
    "/screening-requests/{screening_id}/answer",
    dependencies=[require(Scope.ANSWER)],
    response_model_exclude_none=True,
)
async def answer(
    screening_id: str,
    body: ScreeningAnswerBody,
    wanted: PreconditionsDep,
    response: Response,
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
) -> Screening:
    """`If-Match` is honoured and not asked for: an answer is given once, whatever was seen before."""
    row = await screening.answer(
        session, screening_id=screening_id, answer=body.answer, ensure=wanted.ensure, actor=actor, now=now
    )
    response.headers["ETag"] = etag_of(row.receiver_version)
    return _as(row, RECEIVER)


def _as(row: ScreeningRow, role: ReferralRole) -> Screening:
    """The request as this side has it: what it wrote, and no word of the other's."""
    is_sender = role is SENDER
    state = screening.state_of(row, role)
    is_told = is_sender and state is ScreeningState.ANSWERED
    return Screening.model_validate(
        {
            "screening_id": row.screening_id,
            "version": row.sender_version if is_sender else row.receiver_version,
            "person_id": row.person_id,
            "from": row.sender,
            "to": row.receiver,
            "direction": "sent" if is_sender else "received",
            "state": state,
            "reason": row.reason if is_sender else None,
            "asked_at": row.asked_at,
            "received_at": row.received_at,
            "answer": None if is_sender else row.answer,
            "answered_at": (row.shown_at if is_told else None) if is_sender else row.answered_at,
            "allowed_actions": screening.allowed_actions(row, role),
        }
    )
