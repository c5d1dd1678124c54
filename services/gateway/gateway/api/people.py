# ruff: noqa: ARG001 - what is only forwarded is a parameter so that it is validated and described
"""Persons: registering them, being involved with them, and seeing what may be seen of them."""

import asyncio
import json
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from chassis.auth import require
from chassis.etag import PreconditionsDep
from chassis.idempotency import key_required
from chassis.openapi import or_created
from chassis.openapi_headers import IF_NONE_MATCH, told
from chassis.pagination import DEFAULT_LIMIT, MAX_LIMIT
from contracts.codes import AgencyKind, Category, Scope
from contracts.content import SECTION_CONTENT, Content
from contracts.http.caseload import (
    ConfirmationAnswer,
    InvolvementAnswer,
    InvolvementBody,
    OwnFacts,
    PersonList,
    RegistrationAnswer,
    RegistrationBody,
    ResolvedPerson,
    SectionAnswer,
    WarningAnswer,
    WarningBody,
)
from contracts.http.gateway import OwnDisclosure, OwnDisclosures, PersonView
from contracts.http.release import ReleaseAnswer
from gateway.api.caller import Caller, CallerDep
from gateway.api.forward import (
    Person,
    PersonUnknown,
    ask,
    forward,
    forward_for,
    ids_of,
    if_there,
    is_opaque,
    passed,
    resolve,
    resolve_all,
    segment,
)
from gateway.api.own_cursor import after_of, cursor_of
from gateway.api.referral_views import own_referrals
from gateway.api.single import tagged
from gateway.domain.views import own_release, own_section, person_view
from gateway.queries import ledgers, views

router = APIRouter(prefix="/v1/people", tags=["people"])

READ = [require(Scope.READ)]


@router.put("/{person}", response_model=RegistrationAnswer, responses=or_created(RegistrationAnswer))
async def register(caller: CallerDep, person: Person, body: RegistrationBody) -> Response:
    """Register or complete: 201 the first time this agency does it, then 200."""
    return await forward(caller, caller.owners.caseload, f"/people/{segment(person)}")


@router.get("", response_model=PersonList, dependencies=READ)
async def people(
    caller: CallerDep,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    cursor: Annotated[str | None, Query(max_length=2000)] = None,
) -> Response:
    """Persons that this agency is involved with, each with the release that is shared with it."""
    answer = await ask(caller, caller.owners.caseload, "GET", "/people", params={"limit": limit, "cursor": cursor})
    if not answer.ok:
        return passed(caller, answer)
    page = answer.json()
    now_id = await _ids_of_all(caller, [item["person_id"] for item in page["items"]])
    async with caller.asking() as session:
        shared = await views.releases(session, agency=caller.agency, people=list(now_id))
        await caller.looked(session, person_id=None, count=len(page["items"]))
    found = {now_id[person_id]: release for person_id, release in shared.items()}
    for item in page["items"]:
        item.pop("release", None)
        if release := found.get(item["person_id"]):
            item["release"] = json.loads(release)
    return Response(json.dumps(page), 200, answer.passed_back(), media_type="application/json")


@router.get("/{person}", response_model=PersonView, dependencies=READ, openapi_extra=told(IF_NONE_MATCH))
async def one_person(caller: CallerDep, person: Person, wanted: PreconditionsDep) -> Response:
    """What this agency gave about a person and what is shared with it now, which may be nothing."""
    found = await resolve(caller, person)
    if found is None and not is_opaque(person):
        raise PersonUnknown
    person_id = found.person_id if found else person
    own = await _own(caller, found) if found else []
    async with caller.asking() as session:
        shared = await views.sections(session, agency=caller.agency, people=ids_of(found, person))
        is_its_own = found is not None and found.known_as != "watched"
        if not (is_its_own or own or shared):
            raise PersonUnknown
        await caller.looked(session, person_id=person_id)
    body = person_view(person_id, [*own, *((Category(row.category), row.body) for row in shared)])
    return tagged(Response(body, media_type="application/json"), wanted)


async def _ids_of_all(caller: Caller, people: list[str]) -> dict[str, str]:
    """Every id under which these persons are recorded -> the id that the person has now."""
    ids = {person_id: person_id for person_id in people}
    for person in await resolve_all(caller, people) if people else []:
        ids.update(dict.fromkeys(person.merged, person.person_id) if person else {})
    return ids


async def _own(caller: Caller, person: ResolvedPerson) -> list[tuple[Category, str]]:
    """This agency's own facts, each from its owner, as sections. Raises the problem of an owner that cannot say."""
    try:
        async with asyncio.TaskGroup() as asked:
            facts = asked.create_task(_own_facts(caller, person))
            release = asked.create_task(_own_release(caller, person))
            referrals = asked.create_task(own_referrals(caller, person.person_id))
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None
    return [*facts.result(), *release.result(), *referrals.result()]


async def _own_facts(caller: Caller, person: ResolvedPerson) -> list[tuple[Category, str]]:
    answer = if_there(await ask(caller, caller.owners.caseload, "GET", f"/people/{person.person_id}"))
    if answer is None:
        return []
    facts = OwnFacts.model_validate_json(answer.body)
    found: list[tuple[Category, dict[str, Any]]] = []
    if facts.registration is not None:
        identity = facts.registration.model_dump(mode="json", exclude={"person_id"}, exclude_none=True)
        found.append((Category.IDENTITY, identity))
    if facts.custody is not None:
        found.append((Category.CUSTODY_STATUS, facts.custody.model_dump(mode="json", exclude_none=True)))
    found += [(Category(name), section.content) for name, section in facts.sections.items()]
    found += [(Category.WARNING, warning.model_dump(mode="json")) for warning in facts.warnings]
    return [(category, own_section(content)) for category, content in found]


async def _own_release(caller: Caller, person: ResolvedPerson) -> list[tuple[Category, str]]:
    if caller.actor.kind is not AgencyKind.PRISON:
        return []
    path = f"/people/{person.person_id}/release"
    answer = if_there(await ask(caller, caller.owners.release_notify, "GET", path, after=person))
    if answer is None:
        return []
    content = own_release(ReleaseAnswer.model_validate_json(answer.body).model_dump(mode="json", exclude_none=True))
    return [(Category.RELEASE_DATE, own_section(content))]


@router.get(
    "/{person}/involvement", response_model=InvolvementAnswer, dependencies=READ, openapi_extra=told(IF_NONE_MATCH)
)
async def involvement(caller: CallerDep, person: Person, wanted: PreconditionsDep) -> Response:
    """This agency's own involvement."""
    return tagged(await forward_for(caller, caller.owners.caseload, person, "/involvement"), wanted)


@router.put("/{person}/involvement", response_model=InvolvementAnswer, responses=or_created(InvolvementAnswer))
async def claim(caller: CallerDep, person: Person, body: InvolvementBody) -> Response:
    """Claim own involvement; every claim is an entry of the share log."""
    return await forward(caller, caller.owners.caseload, f"/people/{segment(person)}/involvement")


@router.delete("/{person}/involvement", status_code=204)
async def end_involvement(caller: CallerDep, person: Person) -> Response:
    """End own involvement; the person's view is then gone."""
    return await forward(caller, caller.owners.caseload, f"/people/{segment(person)}/involvement")


@router.put("/{person}/involvement/{agency}", response_model=ConfirmationAnswer)
async def confirm(
    caller: CallerDep, person: Person, agency: Annotated[str, Path(max_length=60)], body: InvolvementBody
) -> Response:
    """Confirm or open another agency's involvement."""
    path = f"/people/{segment(person)}/involvement/{segment(agency)}"
    return await forward(caller, caller.owners.caseload, path)


def _section_route(category: str, schema: type[Content]) -> None:
    """One route per category, so that each has its schema."""

    async def keep_section(caller: CallerDep, person: Person, body: Any) -> Response:
        """This agency's own facts of one category, shared onward by the same pipe as everything."""
        return await forward_for(caller, caller.owners.caseload, person, f"/sections/{category}")

    keep_section.__annotations__["body"] = schema
    name = f"keep_{category.replace('-', '_')}"
    router.put(
        f"/{{person}}/sections/{category}", name=name, response_model=SectionAnswer, responses=or_created(SectionAnswer)
    )(keep_section)


for _category, _schema in SECTION_CONTENT.items():
    _section_route(_category, _schema)


@router.post(
    "/{person}/warnings",
    status_code=202,
    response_model=WarningAnswer,
    dependencies=[require(Scope.EMERGENCY), key_required],
)
async def warn(caller: CallerDep, person: Person, body: WarningBody) -> Response:
    """An emergency push by a named member of staff; always reviewed."""
    return await forward_for(caller, caller.owners.caseload, person, "/warnings")


@router.get("/{person}/disclosures", response_model=OwnDisclosures, dependencies=READ)
async def disclosures(
    caller: CallerDep,
    person: Person,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    cursor: Annotated[str | None, Query(max_length=2000)] = None,
) -> Response:
    """What this agency disclosed and received about a person, in the order of the share log."""
    after = after_of(caller, cursor)
    found = await resolve(caller, person)
    if found is None and not is_opaque(person):
        raise PersonUnknown
    person_id = found.person_id if found else person
    ids = ids_of(found, person)
    names: dict[str, Any] = {"agency": caller.agency, "people": ids, "after": after, "limit": limit + 1}
    async with caller.asking() as session:
        gave = [("disclosed", row) for row in await ledgers.gave(session, **names)]
        got = [("received", row) for row in await ledgers.got(session, **names)]
        withheld = await ledgers.nameless(session, agency=caller.agency, people=ids)
        if found is None and not (gave or got or withheld or cursor):
            raise PersonUnknown
        rows = sorted(gave + got, key=lambda pair: pair[1].cursor)
        kept = rows[:limit]
        await caller.looked(session, person_id=person_id, count=len(kept))
    following = cursor_of(caller, kept[-1][1].cursor) if len(rows) > limit else None
    items = [
        OwnDisclosure.model_validate(
            {
                "direction": direction,
                "share_id": row.share_id,
                "agency": row.other,
                "category": row.category,
                "version": row.version,
                "state": row.state,
                "basis": row.basis,
                "clause": row.clause,
                "reason": row.reason,
                "at": row.at,
                "delivered_at": row.delivered_at,
                "acknowledged_at": row.acknowledged_at,
            }
        )
        for direction, row in kept
    ]
    answer = OwnDisclosures(person_id=person_id, items=items, withheld=withheld, next=following)
    headers = {"Link": f'<?limit={limit}&cursor={following}>; rel="next"'} if following else {}
    return Response(answer.model_dump_json(exclude_none=False), 200, headers, media_type="application/json")
