"""Operators' work: merges, the matching queue, erasure. Identifiers stay out of what is shown."""

from typing import Literal

from fastapi import APIRouter

from caseload.api.dependencies import NowDep
from caseload.domain.references import parse_reference
from caseload.models import MatchingDoubt, Merge
from caseload.operations.erasure import erase
from caseload.operations.merges import NothingToMerge, merge, settle_doubt, unmerge
from caseload.queries import facts
from caseload.queries.people import anyone
from chassis.auth import ActorDep, require
from chassis.idempotency import IdempotentRoute, key_required
from chassis.pagination import PageDep
from chassis.session import SessionDep
from contracts.codes import Scheme, Scope
from contracts.http.erasure import ErasureAnswer, ErasureBody
from contracts.http.matching import (
    DoubtAnswer,
    DoubtDecision,
    DoubtList,
    MergeAnswer,
    MergeBody,
)

router = APIRouter(prefix="/v1", tags=["operators"], route_class=IdempotentRoute, dependencies=[require(Scope.OPERATE)])


@router.post("/merges", status_code=201, dependencies=[key_required])
async def post_merge(body: MergeBody, session: SessionDep, actor: ActorDep, now: NowDep) -> MergeAnswer:
    """Merges two records of one person."""
    kept, removed = [
        await anyone(session, parse_reference(text, today=now.date()), agency=actor.agency)
        for text in (body.kept_id, body.removed_id)
    ]
    row = await merge(
        session, kept_id=kept, removed_id=removed, cause="operator", merged_by=actor.member or actor.agency, now=now
    )
    return _merge_answer(row)


@router.post("/merges/{merge_id}/reversal", dependencies=[key_required])
async def post_reversal(merge_id: str, session: SessionDep, actor: ActorDep, now: NowDep) -> MergeAnswer:
    """Undoes a merge: what it moved goes back."""
    row = await unmerge(session, merge_id=merge_id, reversed_by=actor.member or actor.agency, now=now)
    return _merge_answer(row)


@router.post("/erasures", status_code=201, dependencies=[key_required])
async def post_erasure(body: ErasureBody, session: SessionDep, actor: ActorDep, now: NowDep) -> ErasureAnswer:
    """Erases a person here, and from here everywhere."""
    person_id = await anyone(session, parse_reference(body.person, today=now.date()), agency=actor.agency)
    done = await erase(session, person_id=person_id, reason=body.reason, by=actor.agency, member=actor.member, now=now)
    return ErasureAnswer(erasure_id=done.erasure_id, person_id=done.person_id, reason=body.reason, at=done.at)


@router.get("/doubts")
async def list_doubts(
    page: PageDep, session: SessionDep, state: Literal["open", "merged", "apart"] = "open"
) -> DoubtList:
    """The matching queue, oldest first."""
    after = str(page.after[0]) if page.after else ""
    rows = await facts.doubts(session, state=state, after=after, limit=page.fetch)
    kept, following = page.cut(rows, key=lambda row: (row.id,))
    return DoubtList(items=[_doubt_answer(row) for row in kept], next=following)


@router.post("/doubts/{doubt_id}/decision", dependencies=[key_required])
async def decide_doubt(
    doubt_id: str, body: DoubtDecision, session: SessionDep, actor: ActorDep, now: NowDep
) -> DoubtAnswer:
    """Settles a doubt: one person, the other record moving into `keep`, or two people."""
    if (body.decision == "merge") != (body.keep is not None):
        raise NothingToMerge(pointer="/keep")
    row = await settle_doubt(
        session, doubt_id=doubt_id, keep=body.keep, settled_by=actor.member or actor.agency, now=now
    )
    return _doubt_answer(row)


def _merge_answer(row: Merge) -> MergeAnswer:
    return MergeAnswer(
        merge_id=row.id, kept_id=row.kept_id, removed_id=row.removed_id, reversed=row.reversed_at is not None
    )


def _doubt_answer(row: MatchingDoubt) -> DoubtAnswer:
    return DoubtAnswer(
        doubt_id=row.id,
        kind=row.kind,  # type: ignore[arg-type]  # written from Doubt alone
        person_id=row.person_id,
        other_person_id=row.other_person_id,
        scheme=Scheme(row.scheme),
        raised_by=row.raised_by,
        raised_at=row.raised_at,
        state=row.state,  # type: ignore[arg-type]  # written as one of the three
    )
