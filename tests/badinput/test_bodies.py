"""Whatever a body holds: no fault, and nothing of it in a refusal."""

from random import Random
from typing import Any

import httpx2
import pytest

from tests.badinput.asking import behind
from tests.badinput.conftest import REQUESTS
from tests.badinput.gateways import AGENCIES, KNOWING, document
from tests.badinput.made import MARK, encoded, made, spoilt
from tests.support.pipe import Pipe

Operation = tuple[str, str, dict[str, Any]]
FEW = {"auditor"}
"""Who mostly asks: few routes take a body."""


def _operations(document: dict[str, Any]) -> list[Operation]:
    found = []
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            content = operation.get("requestBody", {}).get("content", {})
            if "application/json" in content:
                found.append((method.upper(), path.removeprefix("/v1"), content["application/json"]["schema"]))
    return found


def held(answer: httpx2.Response, what: str) -> None:
    """No fault of ours; a refusal is a problem that says nothing of what was sent."""
    assert answer.status_code < 500, f"{what}: {answer.text}"
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json", what
        assert MARK not in answer.text + str(answer.headers.raw), f"{what} is echoed: {answer.text}"


@pytest.mark.timeout(0)
@pytest.mark.parametrize("kind", AGENCIES)
async def test_no_body_makes_a_fault_or_comes_back(pipe: Pipe, names: dict[str, str], kind: str) -> None:
    described = await document(pipe, kind)
    operations = _operations(described)
    assert len(operations) > (0 if kind in FEW else 10)
    each = max(1, REQUESTS // (len(AGENCIES) * len(operations)))
    taken = 0
    for method, template, schema in operations:
        path = template
        for name, value in names.items():
            path = path.replace("{" + name + "}", value)
        assert "{" not in path, f"{path} names something that this test has no name for"
        for seed in range(each):
            rng = Random(f"{kind} {method} {template} {seed}")
            body = made(schema, described, rng, whole=seed % 3 == 0)
            raw = encoded(spoilt(body, rng), rng)
            headers: dict[str, Any] = {"content-type": "application/json"} | (
                {"if-match": '"1"'} if "/referrals/" in path else {}
            )
            answer = await pipe.call(AGENCIES[kind], kind, method, path, raw=raw, member="sam", **headers)
            if behind(answer):
                await pipe.settle()  # nothing carries here while a call waits
                answer = await pipe.call(AGENCIES[kind], kind, method, path, raw=raw, member="sam", **headers)
            held(answer, f"{method} {template} as {kind}, seed {seed}, {raw[:300]!r}")
            taken += answer.status_code < 300
    if each > 2 and kind in KNOWING:
        assert taken, "nothing was taken: the bodies are all too far from what the schema says"
    await pipe.settle()
