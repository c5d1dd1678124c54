"""Persons: registering, finding, and an agency's own facts about one."""

from fastapi import APIRouter, Response

from caseload.api.dependencies import FoundDep, NowDep, ReferenceDep
from caseload.api.translate import involvement_answer, line_of, registration_answer
from caseload.domain.identifiers import canonical
from caseload.operations.registrations import register
from caseload.queries import facts
from caseload.queries.people import resolve_one
from chassis.auth import ActorDep, require
from chassis.idempotency import IdempotentRoute
from chassis.pagination import PageDep
from chassis.session import SessionDep
from contracts.codes import CustodyStatus, Scope, WarningRisk
from contracts.http.caseload import (
    AddresseeBody,
    LookupAnswer,
    LookupBody,
    OwnCustody,
    OwnFacts,
    OwnSection,
    OwnWarning,
    PersonList,
    PersonListItem,
    RegistrationAnswer,
    RegistrationBody,
    UnidentifiedBody,
)

router = APIRouter(prefix="/v1", tags=["people"], route_class=IdempotentRoute)
READS = [require(Scope.READ)]


@router.post("/people/lookup")
async def look_up(body: LookupBody, session: SessionDep, actor: ActorDep, now: NowDep) -> LookupAnswer:
    """200 if this agency registered the person or is involved (auditor: anyone), else 404."""
    identifier = canonical(body.identifier.scheme, body.identifier.value, today=now.date())
    found = await resolve_one(session, identifier, agency=actor.agency, kind=actor.kind)
    return LookupAnswer(person_id=found.person_id)


@router.get("/people", dependencies=READS)
async def own_people(page: PageDep, session: SessionDep, actor: ActorDep) -> PersonList:
    """Persons the agency is involved with now."""
    after = str(page.after[0]) if page.after else ""
    rows = await facts.involved_people(session, actor.agency, after=after, limit=page.fetch)
    kept, following = page.cut(rows, key=lambda row: (row[0],))
    return PersonList(
        items=[PersonListItem(person_id=person, state=state, roles=roles) for person, state, roles in kept],
        next=following,
    )


@router.put("/people/{person}", dependencies=READS, response_model_exclude_none=True)
async def register_person(
    body: RegistrationBody,
    response: Response,
    reference: ReferenceDep,
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
) -> RegistrationAnswer:
    """201 the first time this agency registers the person, then 200; what others hold changes nothing in the answer."""
    line = line_of(
        reference,
        identifiers=body.identifiers,
        name=body.name,
        date_of_birth=body.date_of_birth,
        sex=body.sex,
        languages=body.languages,
        today=now.date(),
    )
    done = await register(session, line=line, actor=actor, now=now)
    response.status_code = 201 if done.created else 200
    return registration_answer(done.row, list(done.identifiers))


@router.post("/people", status_code=201, dependencies=READS, response_model_exclude_none=True)
async def register_unidentified(
    body: UnidentifiedBody, session: SessionDep, actor: ActorDep, now: NowDep
) -> RegistrationAnswer:
    """A person of whom no identifier is known: matched with nobody, and found by the opaque id alone."""
    line = line_of(
        None, identifiers=[], name=body.name, date_of_birth=body.date_of_birth, sex=body.sex, today=now.date()
    )
    done = await register(session, line=line, actor=actor, now=now)
    return registration_answer(done.row, list(done.identifiers))


@router.get("/people/{person}", dependencies=READS, response_model_exclude_none=True)
async def own_facts(found: FoundDep, session: SessionDep, actor: ActorDep) -> OwnFacts:
    """What this agency itself said about the person, its involvement, and its custody if it holds them."""
    person_id = found.person_id
    registration = await facts.registration_of(session, person_id, actor.agency)
    identifiers = await facts.identifiers_of(session, registration.id) if registration else []
    involvement = await facts.newest_involvement(session, person_id, actor.agency)
    custody = await facts.custody_of(session, person_id)
    is_own = custody is not None and actor.agency == (custody.prison or custody.last_prison)
    return OwnFacts(
        person_id=person_id,
        version=found.version,
        registration=registration_answer(registration, identifiers) if registration else None,
        involvement=involvement_answer(involvement) if involvement else None,
        custody=OwnCustody(status=CustodyStatus(custody.status), at=custody.at, prison=custody.prison)
        if custody is not None and is_own
        else None,
        sections={
            row.category: OwnSection(content=row.content, version=row.version, updated_at=row.updated_at)
            for row in await facts.sections_of(session, person_id, actor.agency)
        },
        warnings=[
            OwnWarning(
                warning_id=row.id,
                risk=WarningRisk(row.risk),
                text=row.body,
                to=[AddresseeBody.model_validate(each) for each in row.addressees],
                sent_at=row.sent_at,
            )
            for row in await facts.warnings_of(session, person_id, actor.agency)
        ],
    )
