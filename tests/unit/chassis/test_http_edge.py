"""The conventions of the HTTP contract, status by status, on an application without a database."""

from typing import Annotated, Any

import httpx2
import pytest
import sqlalchemy.exc
from fastapi import APIRouter, FastAPI, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from chassis import logging
from chassis.auth import ActorDep
from chassis.etag import PreconditionsDep, etag_of
from chassis.http import BULK_BODY_LIMIT, create_app
from chassis.problems import MEDIA_TYPE
from chassis.settings import Environment, Settings
from contracts.errors import Conflict, Invalid, NotFound, NotPermitted, Refusal
from tests.support.http import client, problem
from tests.support.tokens import TOKENS

SECRET = "A1234AA-Zebedee"


class Line(BaseModel):
    model_config = ConfigDict(extra="forbid")

    kind: Annotated[str, Field(pattern="^[a-z]+$")]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")

    number: int
    lines: list[Line] = []


class Filters(BaseModel):
    model_config = ConfigDict(extra="forbid")

    kind: str | None = None


class CustodyElsewhere(Conflict):
    """Another prison has custody."""

    code = "not-in-custody"


REFUSALS: dict[str, Refusal] = {
    "not-found": NotFound(),
    "not-permitted": NotPermitted(),
    "not-in-custody": CustodyElsewhere(extra={"allowed_actions": ["wait"]}),
    "invalid": Invalid("must be later", pointer="/until"),
}


def application(**options: Any) -> FastAPI:
    router = APIRouter(prefix="/v1")

    @router.post("/people/{person}")
    async def change(person: str, body: Body, limit: Annotated[int, Query(le=5)] = 1) -> dict[str, int]:
        return {"number": body.number}

    @router.get("/filtered")
    async def filtered(filters: Annotated[Filters, Query()]) -> dict[str, str | None]:
        return {"kind": filters.kind}

    @router.get("/mine")
    async def mine(actor: ActorDep) -> str:
        return actor.agency

    @router.get("/refusals/{code}")
    async def refuse(code: str) -> None:
        raise REFUSALS[code]

    @router.get("/unexpected")
    async def unexpected() -> None:
        raise RuntimeError(SECRET)

    @router.get("/database-gone")
    async def database_gone() -> None:
        raise sqlalchemy.exc.OperationalError(SECRET, {}, ConnectionError(SECRET))

    @router.get("/wrong-row")
    async def wrong_row() -> None:
        raise sqlalchemy.exc.IntegrityError(SECRET, {}, ValueError(SECRET))

    @router.get("/slow")
    async def slow() -> None:
        raise TimeoutError(SECRET)

    @router.post("/bulk", max_body_size=BULK_BODY_LIMIT)
    async def bulk(body: dict[str, str]) -> int:
        return len(body["text"])

    @router.put("/thing")
    async def thing(wanted: PreconditionsDep, response: Response) -> None:
        wanted.ensure(7, required=True)
        response.headers["ETag"] = etag_of(8)

    settings = Settings(environment=Environment.TEST, service="edge", **options)
    return create_app(settings, [router], database=None, title="edge", verifier=TOKENS.verifier(), rate_limited=True)


async def call(method: str, path: str, app: FastAPI | None = None, **options: Any) -> httpx2.Response:
    async with client(app or application()) as caller:
        return await caller.request(method, path, **options)


async def test_health_and_info_need_no_token() -> None:
    assert (await call("GET", "/health/liveness")).json() == {"status": "alive"}
    assert (await call("GET", "/health/readiness")).json()["status"] == "ready"
    assert (await call("GET", "/info")).json()["service"] == "edge"


async def test_readiness_is_503_while_a_check_fails() -> None:
    async def not_yet() -> None:
        raise ConnectionError(SECRET)

    app = application()
    app.state.checks = (not_yet,)
    answer = await call("GET", "/health/readiness", app)
    problem(answer, 503, "not-ready")
    assert SECRET not in answer.text


async def test_malformed_json_is_400() -> None:
    answer = await call("POST", "/v1/people/x", content=b'{"number": ', headers={"content-type": "application/json"})
    problem(answer, 400, "malformed")


async def test_another_media_type_is_415() -> None:
    for headers in ({"content-type": "text/plain"}, {"content-type": "application/xml"}, {}):
        problem(
            await call("POST", "/v1/people/x", content=b'{"number":1}', headers=headers), 415, "unsupported-media-type"
        )


async def test_a_json_suffix_is_json() -> None:
    headers = {"content-type": "application/vnd.example+json; charset=utf-8"}
    assert (await call("POST", "/v1/people/x", content=b'{"number":1}', headers=headers)).status_code == 200


async def test_what_breaks_a_rule_is_422_with_pointers_and_without_input() -> None:
    body = {"number": SECRET, SECRET: 1, "lines": [{"kind": "fine"}, {"kind": SECRET}, {"kind": "x", SECRET: 2}, {}]}
    answer = await call("POST", "/v1/people/x?limit=900", json=body)
    errors = problem(answer, 422, "invalid")["errors"]
    places = {(error.get("pointer", error.get("parameter")), error["rule"]) for error in errors}
    assert places == {
        ("limit", "less-than-equal"),
        ("/number", "int-parsing"),
        ("", "extra-forbidden"),
        ("/lines/1/kind", "string-pattern-mismatch"),
        ("/lines/2", "extra-forbidden"),
        ("/lines/3/kind", "missing"),
    }
    assert all(error["detail"] for error in errors)
    assert "A1234AA" not in answer.text


async def test_a_missing_body_is_422() -> None:
    assert problem(await call("POST", "/v1/people/x"), 422, "invalid")["errors"][0]["rule"] == "missing"


async def test_an_unknown_query_parameter_is_422_and_not_repeated() -> None:
    answer = await call("POST", f"/v1/people/x?limit=1&{SECRET}={SECRET}", json={"number": 1})
    assert "limit" in problem(answer, 422, "unknown-parameter")["errors"][0]["detail"]
    assert SECRET not in answer.text
    problem(await call("GET", "/v1/filtered?kin=a"), 422, "unknown-parameter")
    assert (await call("GET", "/v1/filtered?kind=a")).json() == {"kind": "a"}


async def test_a_token_is_asked_for_before_the_query_is_judged() -> None:
    problem(await call("GET", "/v1/mine?nonsense=1"), 401, "unauthorized")
    answer = await call("GET", "/v1/mine?nonsense=1", headers=TOKENS.headers("police-north", "police"))
    problem(answer, 422, "unknown-parameter")


@pytest.mark.parametrize(("code", "status"), [("not-found", 404), ("not-permitted", 403), ("not-in-custody", 409)])
async def test_each_kind_of_refusal_has_its_status(code: str, status: int) -> None:
    problem(await call("GET", f"/v1/refusals/{code}"), status, code)


async def test_a_refusal_can_name_its_field_and_add_members() -> None:
    body = problem(await call("GET", "/v1/refusals/invalid"), 422, "invalid")
    assert body["errors"] == [{"pointer": "/until", "rule": "invalid", "detail": "must be later"}]
    conflict = problem(await call("GET", "/v1/refusals/not-in-custody"), 409, "not-in-custody")
    assert conflict["allowed_actions"] == ["wait"]
    assert conflict["detail"] == "Another prison has custody."


async def test_an_unknown_path_is_404_and_a_wrong_method_405() -> None:
    problem(await call("GET", "/v1/nowhere"), 404, "not-found")
    answer = await call("DELETE", "/v1/mine")
    problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "GET"


@pytest.mark.parametrize("path", ["/v1/unexpected", "/v1/wrong-row"])
async def test_what_was_not_foreseen_is_500_and_says_nothing(path: str) -> None:
    answer = await call("GET", path)
    assert problem(answer, 500, "internal")["detail"] == "Internal Server Error."
    assert SECRET not in answer.text


@pytest.mark.parametrize("path", ["/v1/database-gone", "/v1/slow"])
async def test_what_is_not_there_for_now_is_503_with_retry_after(path: str) -> None:
    answer = await call("GET", path)
    problem(answer, 503, "unavailable")
    assert int(answer.headers["retry-after"]) > 0
    assert SECRET not in answer.text


async def test_a_body_over_the_limit_is_413_unless_the_route_takes_more() -> None:
    too_long = {"text": "x" * (1024 * 1024)}
    refused = problem(await call("POST", "/v1/people/x", json=too_long), 413, "too-large")
    assert refused["detail"] == "A body may be 1 MiB here at most."
    assert (await call("POST", "/v1/bulk", json=too_long)).json() == 1024 * 1024


async def test_a_body_of_unsaid_length_is_held_to_the_limit_too() -> None:
    async def pieces() -> Any:
        for _ in range(1100):
            yield b" " * 1024

    answer = await call("POST", "/v1/people/x", content=pieces(), headers={"content-type": "application/json"})
    assert problem(answer, 413, "too-large")["detail"] == "A body may be 1 MiB here at most."


async def test_a_route_that_takes_more_names_its_own_limit() -> None:
    answer = await call("POST", "/v1/bulk", content=b"[]", headers={"content-length": str(BULK_BODY_LIMIT + 1)})
    assert problem(answer, 413, "too-large")["detail"] == "A body may be 64 MiB here at most."


@pytest.mark.parametrize(
    ("header", "status", "code"),
    [(None, 428, "precondition-required"), ('"6"', 412, "precondition-failed"), ("7", 400, "malformed")],
)
async def test_a_change_needs_the_version_that_was_seen(header: str | None, status: int, code: str) -> None:
    headers = {"if-match": header} if header else {}
    problem(await call("PUT", "/v1/thing", headers=headers), status, code)


@pytest.mark.parametrize("header", ['"7"', "*", '"3", "7"'])
async def test_a_change_of_the_version_that_was_seen_is_done(header: str) -> None:
    answer = await call("PUT", "/v1/thing", headers={"if-match": header})
    assert answer.status_code == 200
    assert answer.headers["etag"] == '"8"'


async def test_a_weak_tag_never_matches_for_a_change() -> None:
    problem(await call("PUT", "/v1/thing", headers={"if-match": 'W/"7"'}), 412, "precondition-failed")


async def test_each_agency_has_an_allowance_of_its_own() -> None:
    app = application(rate_limit="2/hour")
    police, prison = TOKENS.headers("police-north", "police"), TOKENS.headers("hmp-northgate", "prison")
    first = await call("GET", "/v1/mine", app, headers=police)
    assert first.headers["ratelimit-policy"] == '"agency";q=2;w=3600'
    assert first.headers["ratelimit"].startswith('"agency";r=1;t=')
    await call("GET", "/v1/mine", app, headers=police)
    refused = await call("GET", "/v1/mine", app, headers=police)
    problem(refused, 429, "rate-limited")
    assert int(refused.headers["retry-after"]) > 0
    assert refused.headers["ratelimit"].startswith('"agency";r=0;t=')
    assert (await call("GET", "/v1/mine", app, headers=prison)).status_code == 200


async def test_the_access_log_holds_templates_and_no_path(capsys: pytest.CaptureFixture[str]) -> None:
    logging.configure(Settings(environment=Environment.TEST, service="edge"))
    headers = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"}
    app = application()
    await call("POST", f"/v1/people/{SECRET}?limit=1", app, json={"number": 1}, headers=headers)
    await call("POST", f"/v1/people/{SECRET}?{SECRET}=1", app, json={"number": 1})
    await call("GET", "/v1/unexpected", app)
    await call("GET", f"/{SECRET}", app)
    await call(SECRET, "/v1/mine", app)
    logged = capsys.readouterr().out
    assert "/v1/people/{person}" in logged
    assert "0af7651916cd43dd8448eb211c80319c" in logged
    assert '"status": 500' in logged
    assert '"method": "_OTHER"' in logged
    assert "RuntimeError" in logged
    assert SECRET not in logged


def test_the_openapi_document_describes_refusals() -> None:
    document = application().openapi()
    assert document["components"]["schemas"]["Problem"]["required"] == ["type", "title", "status", "code"]
    responses = document["paths"]["/v1/mine"]["get"]["responses"]
    assert MEDIA_TYPE in responses["default"]["content"]
    assert "HTTPValidationError" not in document["components"]["schemas"]
