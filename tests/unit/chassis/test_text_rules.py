"""What PostgreSQL cannot hold is refused at the door, by field and rule, and text that only looks like it is not."""

import pytest
from fastapi import APIRouter, Request
from pydantic import BaseModel

from chassis.http import create_app
from chassis.settings import Environment, Settings
from contracts.text import MAX_DEPTH, unstorable
from tests.support.http import client, problem
from tests.support.tokens import TOKENS


class Note(BaseModel):
    text: str
    more: list[str] = []


router = APIRouter()


@router.post("/notes/{name}")
async def note(name: str, body: Note) -> dict[str, int]:
    return {"length": len(name) + len(body.text)}


@router.post("/lines")
async def lines(request: Request) -> int:
    return len((await request.body()).splitlines())


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


HARMFUL = '{"text": "a\\u0000b"}'


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("form", ["application/json", "application/fhir+json; charset=utf-16"])
async def test_a_body_in_another_encoding_is_no_json_here(encoding: str, form: str) -> None:
    async with client(_app()) as http:  # type: ignore[arg-type]
        for text in (HARMFUL, '{"text": "a"}'):
            answer = await http.post("/notes/n", content=text.encode(encoding), headers={"content-type": form})
            problem(answer, 400, "malformed")


async def test_half_of_a_surrogate_pair_is_no_utf_8_without_an_escape_either() -> None:
    body = b'{"text": "a", "more": ["\xed\xa0\x80"]}'
    async with client(_app()) as http:  # type: ignore[arg-type]
        answer = await http.post("/notes/n", content=body, headers={"content-type": "application/json"})
    problem(answer, 400, "malformed")


async def test_a_byte_order_mark_of_utf_8_is_passed_over() -> None:
    async with client(_app()) as http:  # type: ignore[arg-type]
        headers = {"content-type": "application/json"}
        taken = await http.post("/notes/n", content='{"text": "café"}'.encode("utf-8-sig"), headers=headers)
        refused = await http.post("/notes/n", content=HARMFUL.encode("utf-8-sig"), headers=headers)
    assert taken.json() == {"length": 5}
    problem(refused, 422, "invalid")


@pytest.mark.parametrize("form", ["application/x-ndjson", "application/ndjson", "application/jsonl"])
async def test_lines_are_judged_one_by_one_and_not_here(form: str) -> None:
    async with client(_app()) as http:  # type: ignore[arg-type]
        answer = await http.post("/lines", content=b'"a"\n"\xff"\n"\\u0000"', headers={"content-type": form})
    assert answer.json() == 3
