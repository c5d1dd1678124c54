"""Whatever is sent, the answer says where and which rule, and holds nothing of it."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from fastapi import APIRouter, FastAPI
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, field_validator

from chassis.http import create_app
from chassis.settings import Environment, Settings
from contracts.codes import Category
from contracts.errors import Invalid
from tests.support.http import client, problem
from tests.support.tokens import TOKENS

MARK = "qzjxk"


class NotAPerson(Invalid):
    """The identifier is of no known form."""

    code = "identifier-invalid"


class Recipient(BaseModel):
    model_config = ConfigDict(extra="forbid")
    agency: str = Field(pattern="^[0-9]+$")


class RecipientKind(BaseModel):
    model_config = ConfigDict(extra="forbid")
    kind: Literal["police", "prison"]


class Everything(BaseModel):
    model_config = ConfigDict(extra="forbid")

    on: date | None = None
    at: datetime | None = None
    id: UUID | None = None
    number: Annotated[int, Field(ge=0, le=9)] | None = None
    flag: bool | None = None
    category: Category | None = None
    recipients: list[Recipient | RecipientKind] = []
    scores: dict[str, int] = {}
    own_rule: str | None = None
    own_refusal: str | None = None

    @field_validator("own_rule")
    @classmethod
    def _own_rule(cls, value: str | None) -> str | None:
        if value:
            raise ValueError(f"not good: {value}")
        return value

    @field_validator("own_refusal")
    @classmethod
    def _own_refusal(cls, value: str | None) -> str | None:
        if value:
            raise NotAPerson(pointer="/own_refusal")
        return value


@pytest.fixture(scope="module")
def app() -> FastAPI:
    router = APIRouter()

    @router.post("/everything")
    async def everything(body: Everything) -> None: ...

    @router.get("/typed/{number}")
    async def typed(number: int, on: date | None = None) -> None: ...

    settings = Settings(environment=Environment.TEST)
    return create_app(settings, [router], database=None, title="t", verifier=TOKENS.verifier())


async def errors_of(app: FastAPI, body: Any) -> set[tuple[str, str]]:
    async with client(app) as caller:
        answer = await caller.post("/everything", json=body)
    assert MARK not in answer.text
    return {(error["pointer"], error["rule"]) for error in problem(answer, 422, "invalid")["errors"]}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"on": MARK}, {("/on", "date-from-datetime-parsing")}),
        ({"id": MARK}, {("/id", "uuid-parsing")}),
        ({"number": 10}, {("/number", "less-than-equal")}),
        ({"category": MARK}, {("/category", "enum")}),
        ({"scores": {MARK: "x"}}, {("/scores", "int-parsing")}),
        ({"own_rule": MARK}, {("/own_rule", "value-error")}),
        ({MARK: 1}, {("", "extra-forbidden")}),
        ([MARK], {("", "model-attributes-type")}),
        (
            {"recipients": [{"agency": "1"}, {"agency": MARK}]},
            {
                ("/recipients/1/agency", "string-pattern-mismatch"),
                ("/recipients/1/kind", "missing"),
                ("/recipients/1", "extra-forbidden"),
            },
        ),
    ],
)
async def test_each_place_and_rule_is_named(app: FastAPI, body: Any, expected: set[tuple[str, str]]) -> None:
    assert await errors_of(app, body) == expected


async def test_a_limit_of_the_schema_is_told(app: FastAPI) -> None:
    async with client(app) as caller:
        body = problem(await caller.post("/everything", json={"number": 12}), 422, "invalid")
    assert body["errors"][0]["detail"] == "Input should be less than or equal to 9"


async def test_a_refusal_inside_a_schema_keeps_its_own_code(app: FastAPI) -> None:
    async with client(app) as caller:
        body = problem(await caller.post("/everything", json={"own_refusal": MARK}), 422, "identifier-invalid")
    assert body["errors"][0]["pointer"] == "/own_refusal"


async def test_path_and_query_go_by_name(app: FastAPI) -> None:
    async with client(app) as caller:
        body = problem(await caller.get(f"/typed/{MARK}?on={MARK}"), 422, "invalid")
    assert [error.get("path", error.get("parameter")) for error in body["errors"]] == ["number", "on"]
    assert MARK not in str(body)


FIELDS = st.sampled_from([*Everything.model_fields, "agency", "kind"])
MARKED = st.builds(lambda left, right: f"{left}{MARK}{right}", st.text(max_size=3), st.text(max_size=3))
VALUES = st.recursive(
    MARKED | st.integers() | st.none() | st.booleans() | st.just("2026-02-30"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(MARKED | FIELDS, inner, max_size=3),
    max_leaves=6,
)
BODIES = st.dictionaries(FIELDS | MARKED, VALUES, max_size=4)


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(body=BODIES)
async def test_no_body_is_ever_repeated(app: FastAPI, body: Any) -> None:
    async with client(app) as caller:
        answer = await caller.post("/everything", json=body)
    assert answer.status_code in (200, 422)
    assert MARK not in answer.text
    if answer.status_code == 422:
        for error in answer.json()["errors"]:
            followed(error["pointer"], body)


def followed(pointer: str, body: Any) -> None:
    """Every part but the last, which may be missing, is in the body."""
    parts = pointer.split("/")[1:]
    for part in parts[:-1]:
        body = body[int(part)] if isinstance(body, list) else body[part]
