"""Whatever a body holds: no fault, and nothing of it in a refusal."""

from random import Random
from typing import Any

import httpx2
import pytest

from tests.badinput.conftest import REQUESTS
from tests.badinput.made import MARK, encoded, made, spoilt
from tests.isolation.calls import REGISTRATION
from tests.support.pipe import Pipe

NOMS = "F1001UZ"
AGENCIES = {"prison": "hmp-northgate", "mental-health": "mht-riverside", "probation": "probation-north"}
Operation = tuple[str, str, dict[str, Any]]


def _document(pipe: Pipe, kind: str) -> dict[str, Any]:
    mounted = next(each.app for each in pipe.front.routes if getattr(each, "path", "") == f"/{kind}")  # type: ignore[attr-defined]
    found: dict[str, Any] = mounted.openapi()
    return found


def _operations(document: dict[str, Any]) -> list[Operation]:
    found = []
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            content = operation.get("requestBody", {}).get("content", {})
            if "application/json" in content:
                found.append((method.upper(), path.removeprefix("/v1"), content["application/json"]["schema"]))
    return found


@pytest.fixture(scope="module")
async def names(pipe: Pipe) -> dict[str, str]:
    """What the paths name: a person whom all three know, and a referral between two of them."""
    for kind, agency in AGENCIES.items():
        await pipe.call(agency, kind, "PUT", f"/people/noms:{NOMS}", REGISTRATION)
        await pipe.call(agency, kind, "PUT", f"/people/noms:{NOMS}/involvement", {"roles": ["victim-liaison"]})
    await pipe.settle()
    push = {"date": "2031-03-04", "status": "confirmed", "reason": "recalculation"}
    path = f"/people/noms:{NOMS}/release-dates/CRD"
    release = (await pipe.call("hmp-northgate", "prison", "PUT", path, push)).json()["release_id"]
    refer = {
        "person": f"noms:{NOMS}",
        "to_agency": "mht-riverside",
        "needs": ["mental-health"],
        "reason": "Low mood.",
        "urgency": "routine",
        "statutory": True,
        "order_reference": "MHTR 1",
    }
    referral = (await pipe.call("hmp-northgate", "prison", "POST", "/referrals", refer)).json()["referral_id"]
    await pipe.settle()
    return {
        "person": f"noms:{NOMS}",
        "agency": "police-north",
        "date_type": "CRD",
        "release_id": release,
        "referral_id": referral,
        "screening_id": "01890000-0000-7000-8000-000000000000",
        "consent_id": "01890000-0000-7000-8000-000000000000",
        "appointment_id": "01890000-0000-7000-8000-000000000000",
        "service_id": "01890000-0000-7000-8000-000000000000",
    }


def held(answer: httpx2.Response, what: str) -> None:
    """No fault of ours; a refusal is a problem that says nothing of what was sent."""
    assert answer.status_code < 500, f"{what}: {answer.text}"
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json", what
        assert MARK not in answer.text + str(answer.headers.raw), f"{what} is echoed: {answer.text}"


@pytest.mark.timeout(0)
@pytest.mark.parametrize("kind", AGENCIES)
async def test_no_body_makes_a_fault_or_comes_back(pipe: Pipe, names: dict[str, str], kind: str) -> None:
    document = _document(pipe, kind)
    operations = _operations(document)
    assert len(operations) > 15
    each = max(3, REQUESTS // (len(AGENCIES) * len(operations)))
    taken = 0
    for method, template, schema in operations:
        path = template
        for name, value in names.items():
            path = path.replace("{" + name + "}", value)
        assert "{" not in path, f"{path} names something that this test has no name for"
        for seed in range(each):
            rng = Random(f"{kind} {method} {template} {seed}")
            body = made(schema, document, rng, whole=seed % 3 == 0)
            raw = encoded(spoilt(body, rng), rng)
            headers: dict[str, Any] = {"content-type": "application/json"} | (
                {"if-match": '"1"'} if "/referrals/" in path else {}
            )
            answer = await pipe.call(AGENCIES[kind], kind, method, path, raw=raw, member="sam", **headers)
            if answer.status_code == 503 and answer.json()["code"] == "not-caught-up":
                await pipe.settle()  # nothing carries here while a call waits
                answer = await pipe.call(AGENCIES[kind], kind, method, path, raw=raw, member="sam", **headers)
            held(answer, f"{method} {template} as {kind}, seed {seed}, {raw[:300]!r}")
            taken += answer.status_code < 300
    assert taken, "nothing was taken: the bodies are all too far from what the schema says"
    await pipe.settle()
