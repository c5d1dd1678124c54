"""The auditor's HTTP: read, record the read in the log, answer. One transaction, so no answer goes out unrecorded."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from pydantic import BaseModel

from audit import answers
from audit.domain.explain import explain
from audit.operations.reads import record_read
from audit.queries import counts, entries
from audit.queries.entries import Found
from audit.signing import Signer
from chassis import clock
from chassis.auth import Actor, ActorDep, ensure_kind, require
from chassis.db import AsyncSession
from chassis.http import SessionDep
from chassis.pagination import Page, PageDep
from contracts.codes import AgencyKind, Scope
from contracts.errors import NotFound
from contracts.http.audit import (
    AccessFilter,
    AccessPage,
    ClaimPage,
    CountsFilter,
    Disclosures,
    EntryFilter,
    EntryPage,
    Explanation,
    LoggedShare,
    OpaqueId,
    PermittedCounts,
    ShareFilter,
    SharePage,
    Summary,
    SummaryFilter,
)
from contracts.log_leaf import ShareLeaf

CSV = "text/csv"
Id = Annotated[OpaqueId, Path()]


async def _only_auditors(actor: ActorDep) -> None:
    ensure_kind(actor, AgencyKind.AUDITOR)


router = APIRouter(prefix="/v1", dependencies=[require(Scope.AUDIT), Depends(_only_auditors)])


class Recorder:
    """Records this request's read; `route` is the method and the path template."""

    def __init__(self, request: Request, session: AsyncSession, actor: Actor) -> None:
        self.session = session
        self.actor = actor
        self.signer: Signer = request.app.state.signer
        self.route = f"{request.method} {request.scope['route'].path}"

    async def __call__(self, wanted: BaseModel | dict[str, str], count: int) -> None:
        if isinstance(wanted, BaseModel):
            found = wanted.model_dump(mode="json", by_alias=True, exclude_none=True)
            wanted = {name: str(value) for name, value in found.items()}
        await record_read(
            self.session,
            route=self.route,
            filters=wanted,
            count=count,
            actor=self.actor,
            signer=self.signer,
            now=clock.now(),
        )


async def _recorder(request: Request, session: SessionDep, actor: ActorDep) -> Recorder:
    return Recorder(request, session, actor)


RecorderDep = Annotated[Recorder, Depends(_recorder)]


class ShareUnknown(NotFound):
    """The log holds no share of that id."""

    code = "share-unknown"


@router.get("/shares")
async def shares(
    wanted: Annotated[ShareFilter, Query()], page: PageDep, session: SessionDep, record: RecorderDep
) -> SharePage:
    conditions = await entries.share_conditions(session, wanted)
    found = await entries.entries(session, conditions, after=_after(page), limit=page.fetch)
    kept, following = _cut(page, found)
    await record(wanted, len(kept))
    return SharePage(items=[answers.share_entry(row) for row in kept], next=following)


@router.get("/entries")
async def all_entries(
    wanted: Annotated[EntryFilter, Query()], page: PageDep, session: SessionDep, record: RecorderDep
) -> EntryPage:
    conditions = await entries.entry_conditions(session, wanted)
    found = await entries.entries(session, conditions, after=_after(page), limit=page.fetch)
    kept, following = _cut(page, found)
    await record(wanted, len(kept))
    return EntryPage(items=[answers.other_entry(row) for row in kept], next=following)


@router.get("/shares/{share_id}")
async def one_share(share_id: Id, session: SessionDep, record: RecorderDep) -> LoggedShare:
    found = await _share(session, share_id)
    await record({"share_id": share_id}, 1)
    return answers.logged_share(found)


@router.get("/shares/{share_id}/explanation")
async def explanation(share_id: Id, session: SessionDep, record: RecorderDep) -> Explanation:
    found = await _share(session, share_id)
    assert isinstance(found.leaf, ShareLeaf)
    await record({"share_id": share_id}, 1)
    return Explanation(share_id=share_id, sentences=explain(found.leaf))


@router.get(
    "/people/{person}/disclosures",
    response_model=Disclosures,
    responses={200: {"content": {CSV: {"schema": {"type": "string"}}}}},
)
async def disclosures(
    person: Id, page: PageDep, session: SessionDep, record: RecorderDep, accept: Annotated[str, Header()] = "*/*"
) -> Disclosures | Response:
    """JSON comes in pages, CSV whole."""
    size = await counts.log_size(session)
    wanted = ShareFilter(person_id=person)
    conditions = [*await entries.share_conditions(session, wanted), entries.below(size)]
    if CSV in accept:
        found = await entries.disclosed(session, conditions)
        await record({"person_id": person}, len(found))
        return Response(answers.as_csv([answers.disclosed_share(row) for row in found]), media_type=CSV)
    total = await entries.count(session, conditions)
    found = await entries.disclosed(session, conditions, after=_after(page), limit=page.fetch)
    kept, following = _cut(page, found)
    await record({"person_id": person}, len(kept))
    items = [answers.disclosed_share(row) for row in kept]
    return Disclosures(person_id=person, size=size, count=total, items=items, next=following)


@router.get("/summary")
async def summary(wanted: Annotated[SummaryFilter, Query()], session: SessionDep, record: RecorderDep) -> Summary:
    items = await counts.summary(session, wanted)
    await record(wanted, len(items))
    return Summary(by=wanted.by, items=items)


@router.get("/claims")
async def claims(page: PageDep, session: SessionDep, record: RecorderDep) -> ClaimPage:
    found = await counts.open_claims(session, after=_after(page), limit=page.fetch)
    kept, following = page.cut(found, lambda claim: (claim.log_index,))
    await record({}, len(kept))
    return ClaimPage(items=[answers.open_claim(claim) for claim in kept], next=following)


@router.get("/accesses")
async def accesses(
    wanted: Annotated[AccessFilter, Query()], page: PageDep, session: SessionDep, record: RecorderDep
) -> AccessPage:
    conditions = await entries.access_conditions(session, wanted)
    found = await entries.entries(session, conditions, after=_after(page), limit=page.fetch)
    kept, following = _cut(page, found)
    await record(wanted, len(kept))
    return AccessPage(items=[answers.access_entry(row) for row in kept], next=following)


@router.get("/permitted-counts")
async def permitted_counts(
    wanted: Annotated[CountsFilter, Query()], session: SessionDep, record: RecorderDep
) -> PermittedCounts:
    now = await counts.log_size(session)
    size = now if wanted.size is None else min(wanted.size, now)
    items = await counts.permitted_counts(session, size=size)
    await record(wanted, len(items))
    return PermittedCounts(size=size, items=items)


async def _share(session: SessionDep, share_id: str) -> Found:
    found = await entries.share(session, share_id)
    if found is None:
        raise ShareUnknown
    return found


def _after(page: Page) -> int | None:
    return int(str(page.after[0])) if page.after else None


def _cut(page: Page, found: Sequence[Found]) -> tuple[list[Found], str | None]:
    return page.cut(found, lambda row: (row.index,))
