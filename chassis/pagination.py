"""Lists are read by keyset: `?limit=` and an opaque, signed `?cursor=` that says after which row to go on.

A cursor is good for the route, the agency and the filters that it was made for, and for nothing else; one that was
altered, or carried elsewhere, answers 422. It holds sort keys alone (ids, instants, numbers).
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar
from urllib.parse import urlencode

from fastapi import Depends, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from chassis.access_log import matched_route
from chassis.auth import ActorDep
from chassis.problems import Problem

DEFAULT_LIMIT = 50
MAX_LIMIT = 500

Key = tuple[str | int | float | bool | None, ...]
"""The sort key of a row: JSON scalars; instants as ISO 8601 text."""

_SIGNATURE_BYTES = 16
_OWN = frozenset({"limit", "cursor"})

Row = TypeVar("Row")
Item = TypeVar("Item")


class Listed(BaseModel, Generic[Item]):
    """The body of every list: `next` is the cursor of the next page, null on the last."""

    items: list[Item]
    next: str | None


class CursorInvalid(Problem):
    """A cursor that this list did not give."""

    def __init__(self) -> None:
        super().__init__(
            422,
            "The cursor was not given by this list with these filters.",
            code="cursor-invalid",
            errors=[{"parameter": "cursor", "rule": "cursor-invalid", "detail": "start again without it"}],
        )


def encode(key: Sequence[object], *, secret: str, scope: str) -> str:
    """A cursor that holds `key` and is good in `scope` alone."""
    payload = json.dumps(list(key), separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_sign(payload, secret, scope) + payload).rstrip(b"=").decode()


def decode(cursor: str, *, secret: str, scope: str) -> Key:
    """The key in a cursor made by `encode` with the same secret and scope. Raises CursorInvalid."""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise CursorInvalid from error
    signature, payload = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
    if not hmac.compare_digest(signature, _sign(payload, secret, scope)):
        raise CursorInvalid
    return tuple(json.loads(payload))


@dataclass(frozen=True)
class Page:
    """Which part of a list is asked for. `after` is the key of the last row that the caller has, None at the start.

    An endpoint that returns a Response of its own copies the Link header from `response`.
    """

    limit: int
    after: Key | None
    secret: str
    scope: str
    filters: tuple[tuple[str, str], ...]
    response: Response

    @property
    def fetch(self) -> int:
        """How many rows to read: one more than the page holds, to know whether another page follows."""
        return self.limit + 1

    def cut(self, rows: Sequence[Row], key: Callable[[Row], Key]) -> tuple[list[Row], str | None]:
        """The page's rows of `fetch` rows read, and the cursor of the next page; sets the Link header."""
        if len(rows) <= self.limit:
            return list(rows), None
        kept = list(rows[: self.limit])
        return kept, self.link(encode(key(kept[-1]), secret=self.secret, scope=self.scope))

    def answer(self, rows: Sequence[Row], *, key: Callable[[Row], Key], item: Callable[[Row], Any]) -> dict[str, Any]:
        """The body `{"items", "next"}` of `fetch` rows read, each turned into its item."""
        kept, following = self.cut(rows, key)
        return {"items": [item(row) for row in kept], "next": following}

    def sparse(self, items: Iterable[BaseModel], following: str | None) -> Response:
        """The same of a page that `cut` made, as a response: what an item has not is left out, `next` never is."""
        kept = [item.model_dump(mode="json", by_alias=True, exclude_none=True) for item in items]
        link = self.response.headers.get("link")
        return JSONResponse({"items": kept, "next": following}, headers={"Link": link} if link else None)

    def link(self, cursor: str) -> str:
        """Add `Link: rel="next"` for a cursor to the answer, and return the cursor."""
        query = urlencode([*self.filters, ("limit", self.limit), ("cursor", cursor)])
        self.response.headers["Link"] = f'<?{query}>; rel="next"'
        return cursor


async def page(
    request: Request,
    response: Response,
    actor: ActorDep,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    cursor: Annotated[str | None, Query(max_length=2000)] = None,
) -> Page:
    """The page that a request asks for. Raises CursorInvalid."""
    filters = tuple(sorted((name, value) for name, value in request.query_params.multi_items() if name not in _OWN))
    place = (request.method, matched_route(request.scope)[0], sorted(request.path_params.items()))
    scope = json.dumps([*place, actor.agency, filters], default=str)
    secret: str = request.app.state.settings.cursor_key
    after = None if cursor is None else decode(cursor, secret=secret, scope=scope)
    return Page(limit=limit, after=after, secret=secret, scope=scope, filters=filters, response=response)


PageDep = Annotated[Page, Depends(page)]


def _sign(payload: bytes, secret: str, scope: str) -> bytes:
    message = len(scope.encode()).to_bytes(4, "big") + scope.encode() + payload
    return hmac.new(secret.encode(), message, hashlib.sha256).digest()[:_SIGNATURE_BYTES]
