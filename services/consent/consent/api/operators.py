"""What operators do: cut an agency off, restrict a person, take a decision again."""

from fastapi import APIRouter

from chassis.auth import ActorDep, require
from chassis.session import SessionDep
from consent.api.dependencies import EntryId, NowDep, PersonId
from consent.operations.policy import set_suspended
from consent.operations.replay import replay
from consent.operations.restriction import restrict
from contracts.codes import Scope
from contracts.http.consent import ReplayAnswer, RestrictionBody, SuspensionAnswer, SuspensionBody

router = APIRouter(prefix="/v1", tags=["operators"], dependencies=[require(Scope.OPERATE)])


@router.post("/agencies/{agency}/suspension")
async def suspend(
    agency: EntryId, session: SessionDep, actor: ActorDep, now: NowDep, body: SuspensionBody | None = None
) -> SuspensionAnswer:
    """From now nothing is shared with or from this agency, and what it was shown is withdrawn."""
    reason = body.reason if body else None
    await set_suspended(session, agency_id=agency, suspended=True, actor=actor.agency, now=now, reason=reason)
    return SuspensionAnswer(agency=agency, suspended=True)


@router.delete("/agencies/{agency}/suspension")
async def let_in_again(agency: EntryId, session: SessionDep, actor: ActorDep, now: NowDep) -> SuspensionAnswer:
    """Everyone it is involved with is decided again."""
    await set_suspended(session, agency_id=agency, suspended=False, actor=actor.agency, now=now)
    return SuspensionAnswer(agency=agency, suspended=False)


@router.put("/people/{person}/restriction")
async def set_restriction(person: PersonId, body: RestrictionBody, session: SessionDep, now: NowDep) -> RestrictionBody:
    """Nothing of a restricted person is shared, whatever the basis."""
    await restrict(session, person_id=person, restricted=body.restricted, now=now)
    return body


@router.get("/decisions/{share_id}/replay")
async def replay_decision(share_id: EntryId, session: SessionDep) -> ReplayAnswer:
    """The decision taken again on what it was taken on."""
    found = await replay(session, share_id=share_id)
    return ReplayAnswer(share_id=share_id, same=found.was == found.now, verdict=found.was, now=found.now)
