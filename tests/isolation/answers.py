"""What of an answer tells its reader anything; and the same call about somebody and about nobody."""

from typing import Any

import httpx2

from chassis.ids import new_id
from tests.isolation.calls import Route, filled
from tests.support.pipe import Pipe

IDS = ("person", "release_id", "consent_id", "referral_id", "screening_id", "appointment_id")
_DULL = ("date", "content-length", "traceparent")

Told = tuple[int, dict[str, str], str]
"""Status, headers and body."""


def nobody() -> dict[str, str]:
    """Names of what does not exist."""
    return {name: new_id() for name in IDS} | {"noms": "Z9999ZZ", "date_type": "CRD", "agency": "police-north"}


def like(answer: httpx2.Response, names: dict[str, str]) -> Told:
    """What of an answer tells anything; the caller's own words in it are taken out."""
    body = answer.text
    for name, value in names.items():
        body = body.replace(value, name)
    headers = {name: value for name, value in answer.headers.items() if name not in _DULL and "ratelimit" not in name}
    return answer.status_code, headers, body


async def tried(pipe: Pipe, agency: str, kind: str, route: Route, names: dict[str, str]) -> Told:
    """What is told of these names at this route."""
    path = filled(route.path, names)
    headers: dict[str, Any] = {"if-match": '"1"'} if "/referrals/" in path else {}
    raw = route.raw
    if raw:
        headers["content_type"] = "application/x-ndjson"
    answer = await pipe.call(
        agency,
        kind,
        route.method,
        path,
        filled(route.body, names),
        raw=filled(raw, names).encode() if raw else None,
        member="sam",
        **headers,
    )
    return like(answer, names)
