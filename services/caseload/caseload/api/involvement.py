"""Involvement: an agency's own, and another's confirmed or opened by those who may."""

from fastapi import APIRouter, Response

from caseload.api.dependencies import FoundDep, NowDep, ReferenceDep
from caseload.api.translate import claim_of, involvement_answer
from caseload.operations.involvement import (
    NotInvolved,
    claim_involvement,
    confirm_involvement,
    end_involvement,
)
from caseload.queries import facts
from chassis.auth import ActorDep, require
from chassis.session import SessionDep
from contracts.codes import InvolvementState, Scope
from contracts.http.caseload import AgencyId, ConfirmationAnswer, InvolvementAnswer, InvolvementBody

router = APIRouter(prefix="/v1", tags=["involvement"], dependencies=[require(Scope.READ)])


@router.get("/people/{person}/involvement", response_model_exclude_none=True)
async def own_involvement(found: FoundDep, session: SessionDep, actor: ActorDep) -> InvolvementAnswer:
    """The agency's own involvement, also one that ended, while it knows the person."""
    row = await facts.newest_involvement(session, found.person_id, actor.agency)
    if row is None:
        raise NotInvolved()
    return involvement_answer(row)


@router.put("/people/{person}/involvement", response_model_exclude_none=True)
async def claim(
    body: InvolvementBody,
    response: Response,
    reference: ReferenceDep,
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
) -> InvolvementAnswer:
    """Claims own involvement: 201 the first time, then 200. Open to an agency that knows no more than an identifier."""
    row, is_new = await claim_involvement(session, reference=reference, claim=claim_of(body), actor=actor, now=now)
    response.status_code = 201 if is_new else 200
    return involvement_answer(row)


@router.delete("/people/{person}/involvement", status_code=204)
async def end(found: FoundDep, session: SessionDep, actor: ActorDep, now: NowDep) -> None:
    """Ends own involvement; the person's view is gone with it."""
    await end_involvement(session, person_id=found.person_id, actor=actor, now=now)


@router.put("/people/{person}/involvement/{agency}", response_model_exclude_none=True)
async def confirm(
    agency: AgencyId, body: InvolvementBody, found: FoundDep, session: SessionDep, actor: ActorDep, now: NowDep
) -> ConfirmationAnswer:
    """Confirms or opens another agency's involvement. Always 200, so that earlier claims do not show."""
    row = await confirm_involvement(
        session, person_id=found.person_id, agency=agency, claim=claim_of(body), actor=actor, now=now
    )
    return ConfirmationAnswer(
        person_id=row.person_id,
        agency=agency,
        state=InvolvementState(row.state),
        roles=list(dict.fromkeys(body.roles)),
        lead=body.lead,
        until=body.until,
    )
