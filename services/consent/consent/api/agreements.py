"""Agreements: what is in force, what a draft would be refused for, publishing; and what they let an agency do."""

from fastapi import APIRouter
from sqlalchemy import select

from chassis.auth import ActorDep, require
from chassis.session import SessionDep
from consent.api.dependencies import EntryId, NowDep
from consent.domain.limits import breaches
from consent.domain.routes import routes_of
from consent.models import AgreementRow
from consent.operations.policy import publish
from consent.queries.policy import snapshot
from contracts.agreement import Agreement
from contracts.codes import Scope
from contracts.errors import NotFound
from contracts.http.consent import (
    AgreementCheck,
    AgreementList,
    AgreementSummary,
    BreachAnswer,
    PublishAnswer,
    RoutesAnswer,
)

router = APIRouter(prefix="/v1", tags=["agreements"])


class AgreementNotFound(NotFound):
    """There is no such version of such an agreement."""

    code = "agreement-not-found"


@router.get("/me", response_model_exclude_none=True)
async def me(session: SessionDep, actor: ActorDep, now: NowDep) -> RoutesAnswer:
    """What agreements in force let this agency receive and send in general; each share is decided by itself."""
    current = await snapshot(session)
    agency = current.agencies.get(actor.agency)
    if agency is None:
        return RoutesAnswer(may_receive=[], may_send=[])
    receive, send = routes_of(agency, current.policy, now)
    return RoutesAnswer.model_validate({"may_receive": receive, "may_send": send})


@router.get("/agreements")
async def agreements(session: SessionDep, _actor: ActorDep) -> AgreementList:
    """Every published version, by agreement and age."""
    rows = await session.scalars(select(AgreementRow).order_by(AgreementRow.agreement_id, AgreementRow.published_at))  # type: ignore[arg-type]
    return AgreementList(items=[_summary(row) for row in rows])


@router.get("/agreements/{agreement}/{version}", response_model_exclude_none=True)
async def agreement_text(agreement: EntryId, version: EntryId, session: SessionDep, _actor: ActorDep) -> Agreement:
    """One version, whole, as it was published."""
    row = await session.get(AgreementRow, (agreement, version))
    if row is None:
        raise AgreementNotFound
    return Agreement.model_validate_json(row.document)


@router.post("/agreements/check")
async def check(body: Agreement, _actor: ActorDep) -> AgreementCheck:
    """What the draft would be refused for, each with the sentence that explains it."""
    return AgreementCheck(
        agreement=body.id,
        version=body.version,
        document_hash=body.document_hash(),
        breaches=[BreachAnswer(clause=breach.clause, sentence=breach.sentence) for breach in breaches(body)],
    )


@router.post("/agreements", dependencies=[require(Scope.OPERATE)])
async def publish_agreement(body: Agreement, session: SessionDep, actor: ActorDep, now: NowDep) -> PublishAnswer:
    """Brings a version into force for good; everyone it touches is decided again."""
    published = await publish(session, agreement=body, actor=actor.agency, now=now)
    await session.flush()
    row = await session.get_one(AgreementRow, (body.id, body.version))
    return PublishAnswer(
        agreement=row.agreement_id,
        version=row.version,
        document_hash=row.document_hash,
        policy_hash=row.policy_hash,
        published=published,
    )


def _summary(row: AgreementRow) -> AgreementSummary:
    agreement = Agreement.model_validate_json(row.document)
    return AgreementSummary(
        agreement=row.agreement_id,
        version=row.version,
        title=agreement.title,
        valid_from=agreement.valid_from,
        valid_until=agreement.valid_until,
        document_hash=row.document_hash,
        policy_hash=row.policy_hash,
        in_force=row.current,
        published_at=row.published_at,
    )
