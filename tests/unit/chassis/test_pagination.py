"""A list is read page by page without gaps or repeats, and a cursor is good only where it was given."""

from typing import Annotated, Any

import httpx2
import pytest
from fastapi import APIRouter, FastAPI, Query
from hypothesis import given
from hypothesis import strategies as st

from chassis.http import create_app
from chassis.pagination import CursorInvalid, Listed, PageDep, decode, encode
from chassis.settings import Environment, Settings
from tests.support.http import client, problem
from tests.support.tokens import TOKENS

POLICE = TOKENS.headers("police-north", "police")
CHARITY = TOKENS.headers("charity-newstart", "provider")
ROWS = list(range(1, 121))


def application(cursor_key: str = "one key") -> FastAPI:
    router = APIRouter(prefix="/v1")

    @router.get("/numbers/{group}")
    async def numbers(group: str, page: PageDep, even: Annotated[bool, Query()] = False) -> Listed[int]:
        first = int(page.after[0]) if page.after else 0  # type: ignore[arg-type]
        rows = [row for row in ROWS if row > first and (not even or row % 2 == 0)][: page.fetch]
        return Listed[int](**page.answer(rows, key=lambda row: (row,), item=lambda row: row))

    settings = Settings(environment=Environment.TEST, service="pages", cursor_key=cursor_key)
    return create_app(settings, [router], database=None, title="pages", verifier=TOKENS.verifier())


async def get(path: str, agency: dict[str, str] = POLICE, app: FastAPI | None = None) -> httpx2.Response:
    async with client(app or application()) as caller:
        return await caller.get(f"/v1{path}", headers=agency)


async def test_following_next_reads_every_row_once() -> None:
    seen: list[int] = []
    path = "/numbers/a?limit=7"
    for _ in range(len(ROWS)):
        body = (await get(path)).json()
        seen += body["items"]
        if body["next"] is None:
            break
        path = f"/numbers/a?limit=7&cursor={body['next']}"
    assert seen == ROWS


async def test_a_page_holds_fifty_by_default_and_links_to_the_next() -> None:
    answer = await get("/numbers/a")
    body = answer.json()
    assert body["items"] == ROWS[:50]
    assert answer.headers["link"] == f'<?limit=50&cursor={body["next"]}>; rel="next"'


async def test_the_link_keeps_the_filters() -> None:
    answer = await get("/numbers/a?even=true&limit=2")
    target = answer.links["next"]["url"]
    assert (await get(f"/numbers/a{target}")).json()["items"] == [6, 8]


async def test_the_last_page_has_no_next_and_no_link() -> None:
    answer = await get("/numbers/a?limit=120")
    assert answer.json() == {"items": ROWS, "next": None}
    assert "link" not in answer.headers


@pytest.mark.parametrize("limit", ["0", "501", "-1", "x"])
async def test_a_limit_outside_1_to_500_is_422(limit: str) -> None:
    assert problem(await get(f"/numbers/a?limit={limit}"), 422, "invalid")["errors"][0]["parameter"] == "limit"


async def test_a_cursor_is_good_for_its_route_agency_and_filters_alone() -> None:
    cursor = (await get("/numbers/a?even=true&limit=2")).json()["next"]
    assert (await get(f"/numbers/a?even=true&limit=3&cursor={cursor}")).json()["items"] == [6, 8, 10]
    problem(await get(f"/numbers/b?even=true&limit=2&cursor={cursor}"), 422, "cursor-invalid")
    problem(await get(f"/numbers/a?even=false&limit=2&cursor={cursor}"), 422, "cursor-invalid")
    problem(await get(f"/numbers/a?even=true&limit=2&cursor={cursor}", CHARITY), 422, "cursor-invalid")
    other = application(cursor_key="another key")
    problem(await get(f"/numbers/a?even=true&limit=2&cursor={cursor}", app=other), 422, "cursor-invalid")


async def test_any_changed_letter_of_a_cursor_is_refused() -> None:
    cursor = (await get("/numbers/a?limit=2")).json()["next"]
    for place in range(len(cursor) - 1):
        changed = cursor[:place] + ("A" if cursor[place] != "A" else "B") + cursor[place + 1 :]
        with pytest.raises(CursorInvalid):
            decode(changed, secret="one key", scope=scope_of("a"))
    assert decode(cursor, secret="one key", scope=scope_of("a")) == (2,)


def scope_of(group: str) -> str:
    return f'["GET", "/v1/numbers/{{group}}", [["group", "{group}"]], "police-north", []]'


KEYS = st.lists(st.none() | st.booleans() | st.integers() | st.text(), max_size=4)


@given(KEYS, st.text(), st.text())
def test_a_cursor_gives_back_the_key_it_was_made_of(key: list[Any], secret: str, scope: str) -> None:
    assert decode(encode(key, secret=secret, scope=scope), secret=secret, scope=scope) == tuple(key)


@given(st.text(max_size=200))
def test_any_text_is_a_cursor_or_is_refused(text: str) -> None:
    with pytest.raises(CursorInvalid):
        decode(text, secret="secret", scope="scope")
