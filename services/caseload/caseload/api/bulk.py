"""Many people in one call, for the gateway's own work: resolving references and registering bulk lines."""

from datetime import date

from fastapi import APIRouter
from pydantic import TypeAdapter, ValidationError

from caseload.api.dependencies import NowDep
from caseload.api.translate import line_of
from caseload.domain.identifiers import Identifier
from caseload.domain.references import PersonNotFound, parse_reference
from caseload.operations.registration_plan import Line
from caseload.operations.registrations import InvalidBirth, register_all
from caseload.queries.facts import speaks_for_every_prison
from caseload.queries.people import merged_into, resolve, versions
from chassis.auth import ActorDep
from chassis.http import BULK_BODY_LIMIT
from chassis.outbox import Lane
from chassis.session import SessionDep
from contracts.codes import AgencyKind
from contracts.errors import Refusal
from contracts.event import Day
from contracts.http.caseload import (
    BulkRegistered,
    BulkRegistration,
    BulkRegistrationsAnswer,
    BulkRegistrationsBody,
    ResolveAnswer,
    ResolveBody,
    ResolvedPerson,
)

router = APIRouter(prefix="/v1", tags=["bulk"])

Outcome = str | Refusal
"""A person's id, or why there is none."""
_DATE = TypeAdapter[date](Day)


@router.post("/people/resolve")
async def resolve_people(body: ResolveBody, session: SessionDep, actor: ActorDep, now: NowDep) -> ResolveAnswer:
    """Each reference in the caller's rights, in order; null for what is none or is not the caller's to see.

    The national prison feed may name anyone, for its events are about anyone: it is answered an id and no more.
    """
    references = []
    places = []
    for index, text in enumerate(body.people):
        try:
            references.append(parse_reference(text, today=now.date()))
            places.append(index)
        except Refusal:
            continue
    items: list[ResolvedPerson | None] = [None] * len(body.people)
    kind = AgencyKind.OPERATOR if await speaks_for_every_prison(session, actor.agency) else actor.kind
    found = await resolve(session, references, agency=actor.agency, kind=kind)
    merged = await merged_into(session, [each.person_id for each in found if each is not None])
    for index, each in zip(places, found, strict=True):
        if each is not None:
            items[index] = ResolvedPerson(
                person_id=each.person_id,
                version=each.version,
                known_as=each.known_as,
                merged=merged.get(each.person_id, []),
            )
    return ResolveAnswer(items=items)


@router.post("/people/bulk-registrations", max_body_size=BULK_BODY_LIMIT)
async def register_lines(
    body: BulkRegistrationsBody, session: SessionDep, actor: ActorDep, now: NowDep
) -> BulkRegistrationsAnswer:
    """Finds each line's person, and registers the unknown ones whose line says who they are. Idempotent."""
    outcomes: list[Outcome | None] = [None] * len(body.people)
    named = []
    for index, line in enumerate(body.people):
        try:
            named.append((index, parse_reference(line.person, today=now.date())))
        except Refusal as refused:
            outcomes[index] = refused
    found = await resolve(session, [reference for _, reference in named], agency=actor.agency, kind=actor.kind)
    unknown: list[tuple[int, Line]] = []
    for (index, reference), each in zip(named, found, strict=True):
        try:
            if each is not None:
                outcomes[index] = each.person_id
            else:
                unknown.append((index, _line(body.people[index], reference, now.date())))
        except Refusal as refused:
            outcomes[index] = refused
    registered = await register_all(session, lines=[line for _, line in unknown], actor=actor, now=now, lane=Lane.BULK)
    for (index, _), result in zip(unknown, registered, strict=True):
        outcomes[index] = result if isinstance(result, Refusal) else result.row.person_id
    at = await versions(session, [each for each in outcomes if isinstance(each, str)])
    return BulkRegistrationsAnswer(items=[_answer(each, at) for each in outcomes])


def _line(body: BulkRegistration, reference: str | Identifier, today: date) -> Line:
    if body.name is None or body.date_of_birth is None or body.identifiers is None:
        raise PersonNotFound("No such person is yours to see; identifiers, name and date_of_birth would register one.")
    return line_of(
        reference,
        identifiers=body.identifiers,
        name=body.name,
        date_of_birth=_birth(body.date_of_birth),
        today=today,
    )


def _birth(said: object) -> date:
    try:
        return _DATE.validate_python(said)
    except ValidationError:
        raise InvalidBirth(pointer="/date_of_birth") from None


def _answer(outcome: Outcome | None, at: dict[str, int]) -> BulkRegistered:
    if isinstance(outcome, str):
        return BulkRegistered(person_id=outcome, version=at.get(outcome, 0))
    assert outcome is not None
    return BulkRegistered(code=outcome.code, detail=outcome.detail)
