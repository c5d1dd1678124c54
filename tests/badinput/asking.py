"""Cases that schemathesis makes of a document, asked at the gateway that serves it; what every answer must keep to."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx2
import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.core import NotSet
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)

from chassis.ids import new_id
from tests.badinput.gateways import AGENCIES, document
from tests.support.pipe import Pipe
from tests.support.tokens import TOKENS

CHECKS: list[Any] = [
    not_a_server_error,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
ENDLESS = ("GET", "/v1/feed/stream")
"""The one operation that is not asked."""
Case = schemathesis.Case[Any]
TELLING = 6
"""Shorter strings are found in any text by chance."""
TIMES = 10
"""How often a call is made whose answer is each time that it must be made again; each such answer takes seconds."""


class Asking:
    """One kind's gateway, asked what a case says; `requests` counts. `taken`: by operation, how often it was answered
    2xx, as the document has it. `etags`: of each referral, as it was last told."""

    def __init__(self, pipe: Pipe, kind: str, described: dict[str, Any]) -> None:
        self.pipe = pipe
        self.kind = kind
        self.requests = 0
        self.taken: Counter[str] = Counter()
        self.etags: dict[str, str] = {}
        self.schema: BaseSchema = schemathesis.openapi.from_dict(described).exclude(method=ENDLESS[0], path=ENDLESS[1])
        self.described = {
            (method.upper(), path) for path, operations in described["paths"].items() for method in operations
        } - {ENDLESS}
        self._own_words = json.dumps(described)

    @classmethod
    async def at(cls, pipe: Pipe, kind: str) -> "Asking":
        return cls(pipe, kind, await document(pipe, kind))

    async def ask(self, case: Case) -> httpx2.Response:
        """The answer, which kept to the document and repeated nothing if it refuses."""
        answer = await self._send(case)
        self.requests += 1
        if (etag := answer.headers.get("etag")) and (referral := case.path_parameters.get("referral_id")):
            self.etags[referral] = etag
        self.check(case, answer)
        self.taken[case.operation.label] += answer.status_code < 300
        return answer

    def check(self, case: Case, answer: httpx2.Response) -> None:
        case.validate_response(answer, checks=CHECKS)
        status = str(answer.status_code)
        if answer.status_code < 400:
            assert status in case.operation.responses.status_codes, f"{case.operation.label}: {status} is not described"
            return
        assert answer.headers["content-type"] == "application/problem+json"
        told = " ".join(_texts(answer.json()))
        for sent in _texts([case.path_parameters, case.query, case.headers, case.body]):
            if len(sent) >= TELLING and sent not in self._own_words:
                assert sent not in told, f"{case.operation.label} repeats {sent!r}: {told}"

    async def _send(self, case: Case) -> httpx2.Response:
        headers = TOKENS.headers(AGENCIES[self.kind], self.kind, member="sam")
        if case.method == "POST":
            headers["idempotency-key"] = new_id()
        if "/referrals/" in case.path:
            headers["if-match"] = self.etags.get(str(case.path_parameters.get("referral_id")), '"1"')
        said = case.as_transport_kwargs(base_url=f"http://test/{self.kind}", headers=headers)
        said.pop("cookies", None)
        said["headers"] = {name: str(value).encode("latin-1") for name, value in said["headers"].items()}
        if isinstance(content := said.pop("data", None), bytes | str):
            said["content"] = content
        for _ in range(TIMES):  # what carries beside it may take longer than a call waits
            answer = await self.pipe.http.request(**said, timeout=60)
            if not behind(answer):
                break
        return answer


def behind(answer: httpx2.Response) -> bool:
    """Whether it says to ask again, because what the call depends on has not arrived yet."""
    return answer.status_code == 503 and answer.json()["code"] == "not-caught-up"


def _texts(value: Any) -> Iterator[str]:
    """Every name, text and long number in it."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, each in value.items():
            yield str(name)
            yield from _texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, int | float):
        yield str(value)
    elif value is not None and not isinstance(value, NotSet) and hasattr(value, "items"):
        yield from _texts(dict(value))
