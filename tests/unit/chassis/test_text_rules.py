"""What PostgreSQL cannot hold is refused at the door, by field and rule, and text that only looks like it is not."""

import pytest
from fastapi import APIRouter
from pydantic import BaseModel

from chassis.http import create_app
from chassis.settings import Environment, Settings
from contracts.text import MAX_DEPTH, unstorable
from tests.support.http import client
from tests.support.tokens import TOKENS


class Note(BaseModel):
    text: str
    more: list[str] = []


router = APIRouter()


@router.post("/notes/{name}")
async def note(name: str, body: Note) -> dict[str, int]:
    return {"length": len(name) + len(body.text)}


def _app() -> object:
    settings = Settings(environment=Environment.TEST)
    return create_app(settings, [router], database=None, title="text", verifier=TOKENS.verifier())


@pytest.mark.parametrize(
    ("body", "pointer"),
    [('{"text": "a\\u0000b"}', "/text"), ('{"text": "a", "more": ["b", "\\ud800"]}', "/more/1")],
)
async def test_text_that_cannot_be_stored_is_refused_by_place(body: str, pointer: str) -> None:
    async with client(_app()) as http:  # type: ignore[arg-type]
        answer = await http.post("/notes/n", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


async def test_text_that_speaks_of_an_escape_passes() -> None:
    async with client(_app()) as http:  # type: ignore[arg-type]
        answer = await http.post(
            "/notes/n", content='{"text": "\\\\u0000 and \\ud83d\\ude00"}', headers={"content-type": "application/json"}
        )
    assert answer.status_code == 200


async def test_a_path_is_judged_too() -> None:
    async with client(_app()) as http:  # type: ignore[arg-type]
        answer = await http.post("/notes/n%00", content='{"text": "a"}', headers={"content-type": "application/json"})
    assert answer.status_code == 422


def test_keys_count_as_text() -> None:
    assert unstorable({"a": {"b\x00": 1}}) == ("a",)
    assert unstorable({"a": [1, None, "fine"]}) is None


def test_what_is_nested_without_end_is_found_and_not_followed() -> None:
    assert unstorable(nested(MAX_DEPTH)) is None
    for depth in (MAX_DEPTH + 1, 10_000):
        assert unstorable(nested(depth)) == (0,) * (MAX_DEPTH + 1)


def nested(depth: int) -> object:
    found: object = "fine"
    for _ in range(depth):
        found = [found]
    return found
