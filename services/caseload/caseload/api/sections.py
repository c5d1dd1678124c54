"""Sections of an agency's own facts, and emergency warnings."""

from typing import Any

from fastapi import APIRouter, Response

from caseload.api.dependencies import FoundDep, NowDep
from caseload.operations.sections import send_warning, set_section
from chassis.auth import ActorDep, require
from chassis.idempotency import IdempotentRoute, key_required
from chassis.session import SessionDep
from contracts.codes import Category, Scope
from contracts.content import (
    SECTION_CONTENT,
    Content,
)
from contracts.http.caseload import SectionAnswer, WarningAnswer, WarningBody
from contracts.offers import Addressee

router = APIRouter(prefix="/v1", tags=["sections"], route_class=IdempotentRoute)


def _section_route(category: Category, schema: type[Content]) -> None:
    """One route per category, so that each has its schema."""

    async def put_section(
        body: Any, response: Response, found: FoundDep, session: SessionDep, actor: ActorDep, now: NowDep
    ) -> SectionAnswer:
        row, is_first = await set_section(
            session, person_id=found.person_id, category=category, content=body, actor=actor, now=now
        )
        response.status_code = 201 if is_first else 200
        return SectionAnswer(category=category, content=row.content, version=row.version, updated_at=row.updated_at)

    put_section.__annotations__["body"] = schema
    router.put(f"/people/{{person}}/sections/{category}", name=f"put_{category}", dependencies=[require(Scope.READ)])(
        put_section
    )


for _category, _schema in SECTION_CONTENT.items():
    _section_route(Category(_category), _schema)


@router.post("/people/{person}/warnings", status_code=202, dependencies=[require(Scope.EMERGENCY), key_required])
async def warn(body: WarningBody, found: FoundDep, session: SessionDep, actor: ActorDep, now: NowDep) -> WarningAnswer:
    """Sends an emergency push to named agencies or kinds; needs a member and a written justification."""
    row = await send_warning(
        session,
        person_id=found.person_id,
        addressees=[Addressee(agency=each.agency, kind=each.kind) for each in body.to],
        risk=body.risk,
        text=body.text,
        justification=body.justification,
        actor=actor,
        now=now,
    )
    return WarningAnswer(warning_id=row.id)
