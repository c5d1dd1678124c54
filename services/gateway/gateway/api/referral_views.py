"""Answers of the owner of referrals, with what this agency's view holds of the other side. A read is recorded."""

import json
from collections.abc import Sequence
from typing import Any

from fastapi.responses import Response

from chassis.http_client import Answer
from contracts.codes import Category
from gateway.api.caller import Caller
from gateway.api.forward import ask, if_there, passed, resolve_all
from gateway.domain.referrals import own_sections, seen, shared_by_referral
from gateway.domain.views import own_section
from gateway.queries import views

PAGE = 500


async def joined(caller: Caller, answer: Answer, *, looked: bool = False) -> Response:
    """One referral, or the owner's refusal as it is."""
    if not answer.ok:
        return passed(caller, answer)
    (found,) = await _seen(caller, [answer.json()], looked=looked)
    return as_json(answer, found)


async def joined_page(caller: Caller, answer: Answer) -> Response:
    """A page of referrals, or the owner's refusal as it is."""
    if not answer.ok:
        return passed(caller, answer)
    page = answer.json()
    return as_json(answer, page | {"items": await _seen(caller, page["items"], looked=True, count=len(page["items"]))})


async def own_referrals(caller: Caller, person_id: str) -> list[tuple[Category, str]]:
    """What this agency itself said of a person's referrals, sent and received, as sections."""
    found: list[tuple[Category, str]] = []
    for direction in ("sent", "received"):
        params = {"person_id": person_id, "direction": direction, "limit": PAGE}
        answer = if_there(await ask(caller, caller.owners.referral, "GET", "/referrals", params=params))
        if answer is not None:
            for own in answer.json()["items"]:
                found += [(category, own_section(content)) for category, content in own_sections(own)]
    return found


async def _seen(
    caller: Caller, items: Sequence[dict[str, Any]], *, looked: bool, count: int | None = None
) -> list[dict[str, Any]]:
    """Referrals in their order, each with what was shared of the other side."""
    if not items:
        return []
    people = {str(item["person_id"]) for item in items}
    for person in await resolve_all(caller, sorted(people)):
        people.update(person.merged if person else ())
    async with caller.asking() as session:
        rows = await views.about_referrals(
            session,
            agency=caller.agency,
            referrals=[str(item["referral_id"]) for item in items],
            people=sorted(people),
        )
        if looked:
            only = str(items[0]["person_id"]) if count is None else None
            await caller.looked(session, person_id=only, count=count)
    shared = shared_by_referral((Category(row.category), row.body) for row in rows)
    return [dict(seen(item, shared)) for item in items]


def as_json(answer: Answer, body: Any) -> Response:
    """This body with the owner's status and headers."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Response(text, answer.status, answer.passed_back(), media_type="application/json")
