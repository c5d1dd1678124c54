"""Consents, withdrawals and objections. What an agency may not see answers 404, as if it were not there."""

from datetime import datetime

from fastapi import APIRouter, Response

from chassis.auth import ActorDep, require
from chassis.causality import CaughtUp
from chassis.idempotency import IdempotentRoute, key_required
from chassis.pagination import PageDep
from chassis.session import SessionDep
from consent.api.dependencies import EntryId, NowDep, PersonId
from consent.domain.facts import PersonFacts
from consent.domain.grounds import state_of
from consent.models import ConsentRow, PersonRow
from consent.operations.access import ensure_involved
from consent.operations.consents import object_to_sharing, record_consent, withdraw, withdraw_known
from consent.operations.persons import present_ids
from consent.queries.consents import relied_on
from consent.queries.facts import consent_fact, facts_of
from consent.queries.policy import Snapshot, snapshot
from contracts.codes import AgencyKind, Scope
from contracts.http.consent import (
    ConsentAnswer,
    ConsentBody,
    ConsentList,
    EmptyBody,
    ObjectionAnswer,
    ObjectionBody,
    RecipientBody,
    WithdrawalAnswer,
    WithdrawalBody,
)

router = APIRouter(
    prefix="/v1/people/{person}", tags=["consents"], route_class=IdempotentRoute, dependencies=[CaughtUp]
)


@router.post(
    "/consents",
    status_code=201,
    response_model_exclude_none=True,
    dependencies=[require(Scope.CONSENT), key_required],
)
async def record(
    person: PersonId, body: ConsentBody, session: SessionDep, actor: ActorDep, now: NowDep
) -> ConsentAnswer:
    """Records what the person agreed to, or refused."""
    row = await record_consent(session, person_id=person, body=body, actor=actor, now=now)
    register = await snapshot(session)
    facts = await _facts(session, row.person_id)
    return _answer(row, facts, register, agency=actor.agency, now=max(now, row.recorded_at))


@router.get("/consents", dependencies=[require(Scope.READ)], response_model=ConsentList)
async def consents(person: PersonId, page: PageDep, session: SessionDep, actor: ActorDep, now: NowDep) -> Response:
    """Those that the agency recorded, whole, and its own part of those that it relies on; newest first."""
    present = (await present_ids(session, [person]))[person]
    await ensure_involved(session, person_id=present, agency=actor.agency, now=now)
    facts = await _facts(session, present)
    relied = await relied_on(session, person_id=present, agency=actor.agency)
    register = await snapshot(session)
    rows = [await session.get_one(ConsentRow, fact.id) for fact in reversed(facts.consents)]
    seen = [row for row in rows if row.recorded_by == actor.agency or row.id in relied]
    below = [row for row in seen if not page.after or row.id < str(page.after[0])]
    kept, following = page.cut(below, key=lambda row: (row.id,))
    answers = (_answer(row, facts, register, agency=actor.agency, now=now) for row in kept)
    return page.sparse(answers, following)


@router.post("/consent-withdrawals", dependencies=[require(Scope.CONSENT)])
async def withdraw_blind(
    person: PersonId, session: SessionDep, actor: ActorDep, now: NowDep, body: WithdrawalBody | None = None
) -> WithdrawalAnswer:
    """Withdraws without knowing what there is; says when, and nothing about what there was."""
    at = await withdraw(session, person_id=person, body=body or WithdrawalBody(), actor=actor, now=now)
    return WithdrawalAnswer(withdrawn_at=at)


@router.post("/consents/{consent_id}/withdrawal", dependencies=[require(Scope.CONSENT)])
async def withdraw_one(
    person: PersonId,
    consent_id: EntryId,
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
    _body: EmptyBody | None = None,
) -> WithdrawalAnswer:
    """Withdraws a consent that the agency recorded or relied on."""
    at = await withdraw_known(session, person_id=person, consent_id=consent_id, actor=actor, now=now)
    return WithdrawalAnswer(withdrawn_at=at)


@router.post(
    "/objections",
    status_code=201,
    response_model_exclude_none=True,
    dependencies=[require(Scope.CONSENT), key_required],
)
async def objection(
    person: PersonId, body: ObjectionBody, session: SessionDep, actor: ActorDep, now: NowDep
) -> ObjectionAnswer:
    """Records an objection; statutory clauses that yield to one stop at once."""
    row = await object_to_sharing(session, person_id=person, body=body, actor=actor, now=now)
    return ObjectionAnswer(
        objection_id=row.id,
        state="in-force",
        categories=body.categories,
        recipients=body.recipients,
        purposes=body.purposes,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
    )


async def _facts(session: SessionDep, person_id: str) -> PersonFacts:
    await session.flush()
    person = await session.get_one(PersonRow, person_id)
    return (await facts_of(session, [person], {}, {}))[person_id]


def _answer(row: ConsentRow, facts: PersonFacts, register: Snapshot, *, agency: str, now: datetime) -> ConsentAnswer:
    kinds = {known.id: known.kind for known in register.agencies.values()}
    own = row.recorded_by == agency
    recipients = [RecipientBody(agency=name) for name in row.agencies if own or name == agency]
    recipients += [RecipientBody(kind=AgencyKind(kind)) for kind in row.kinds if own or kind == kinds.get(agency)]
    said = {
        "consent_id": row.id,
        "state": str(state_of(consent_fact(row), facts, now, kinds)),
        "decision": row.decision,
        "categories": row.categories,
        "recipients": recipients,
        "purposes": row.purposes,
        "given_at": row.given_at,
        "valid_from": row.valid_from,
        "valid_until": row.valid_until,
        "how": row.how,
        "given_by": row.given_by,
        "has_capacity": row.has_capacity,
        "statement": {"id": row.statement_id, "version": row.statement_version},
    }
    if own:
        said |= {
            "interpreter": row.interpreter,
            "evidence_ref": row.evidence_ref,
            "recorded_by": row.recorded_by,
            "recorded_at": row.recorded_at,
            "flagged": row.flagged or None,
        }
    return ConsentAnswer.model_validate(said)
