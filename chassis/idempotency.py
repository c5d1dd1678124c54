"""Idempotency-Key: a command sent again with its key is answered again and not done again.

The record is written in the transaction of the effect, so there is never one without the other. Keys belong to an
agency. Same key and same request → the first answer with `Idempotency-Replayed: true`; same key, other request → 422;
the first one still running → 409; no key where one is required → 400. A refusal undoes its effect and leaves no record.

Use: `router = APIRouter(route_class=IdempotentRoute)` honours the key on every POST of that router that takes a
SessionDep; `dependencies=[key_required]` on a route makes it a must.
"""

import hashlib
import re
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import Depends, Header, Request
from fastapi.responses import Response
from fastapi.routing import APIRoute
from sqlalchemy import delete, func, select

from chassis import clock
from chassis.auth import ActorDep
from chassis.db import AsyncSession
from chassis.idempotency_table import IdempotencyRecord
from chassis.openapi_headers import KEY_SAYS
from chassis.problems import Problem
from chassis.session import SessionDep

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
KEPT = timedelta(hours=48)

_KEY = re.compile(r'"?[\x21\x23-\x7e]{1,255}"?')
_KEPT_HEADERS = frozenset({"content-type", "etag", "location", "link"})


class KeyMissing(Problem):
    """The command creates something and has no key."""

    def __init__(self) -> None:
        super().__init__(400, f"This needs the header {HEADER}.", code="idempotency-key-missing")


class KeyMalformed(Problem):
    """The key is not 1 to 255 printable characters."""

    def __init__(self) -> None:
        super().__init__(400, f"{HEADER} is 1 to 255 printable ASCII characters.", code="idempotency-key-malformed")


class KeyReused(Problem):
    """The key was used for another request."""

    def __init__(self) -> None:
        super().__init__(422, f"This {HEADER} was used for another request.", code="idempotency-key-reused")


class StillRunning(Problem):
    """The first request with this key has not been answered yet."""

    def __init__(self) -> None:
        super().__init__(
            409,
            f"The first request with this {HEADER} is still running.",
            code="idempotency-key-in-use",
            headers={"Retry-After": "1"},
        )


class Replayed(Problem):
    """Not a refusal: ends the request with the answer that was given the first time."""

    def __init__(self, record: IdempotencyRecord) -> None:
        super().__init__(record.status)
        self._response = (record.body, record.status, {**record.headers, REPLAYED: "true"})

    def answer(self) -> Response:
        body, status, headers = self._response
        return Response(body, status, headers)


@dataclass(frozen=True)
class _Claim:
    """A key that this request holds: what to record once there is an answer."""

    session: AsyncSession
    agency: str
    key_hash: str
    request_hash: str


async def _require_key(request: Request) -> str:
    key = _key(request)
    if key is None:
        raise KeyMissing
    return key


async def require_key(
    key: Annotated[str, Depends(_require_key)], _told: Annotated[str, Header(alias=HEADER, description=KEY_SAYS)]
) -> str:
    """The key. Refuses a request without a well-formed one, and the OpenAPI document says that it is needed; all that a
    gateway asks for, which hands the key on to the owner."""
    return key


key_required = Depends(require_key)
"""`dependencies=[key_required]` on a POST that creates."""

KeyDep = Annotated[str, key_required]
"""The same where the route uses the key itself."""


async def _honour(request: Request, actor: ActorDep, session: SessionDep) -> None:
    """Answer again, refuse, or take hold of the key until the transaction of `session` ends."""
    key = _key(request)
    if key is None:
        return
    key_hash = hashlib.sha256(key.encode()).hexdigest()
    request_hash = await _fingerprint(request)
    lock = func.pg_try_advisory_xact_lock(func.hashtextextended(f"idempotency {actor.agency} {key_hash}", 0))
    if not (await session.execute(select(lock))).scalar_one():
        raise StillRunning
    record = await session.get(IdempotencyRecord, (actor.agency, key_hash))
    if record is not None:
        if record.request_hash != request_hash:
            raise KeyReused
        raise Replayed(record)
    request.state.idempotency = _Claim(session, actor.agency, key_hash, request_hash)


class IdempotentRoute(APIRoute):
    """A route whose POST honours the key. The record joins the endpoint's own transaction, before its commit."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        if "POST" in (options.get("methods") or ()):
            options["dependencies"] = [*(options.get("dependencies") or ()), Depends(_honour)]
        super().__init__(path, endpoint, **options)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_and_record(request: Request) -> Response:
            response = await handle(request)
            claim = getattr(request.state, "idempotency", None)
            if isinstance(claim, _Claim) and response.status_code < 400:
                _record(claim, response, now=clock.now())
            return response

        return handle_and_record


def _record(claim: _Claim, response: Response, *, now: datetime) -> None:
    claim.session.add(
        IdempotencyRecord(
            agency=claim.agency,
            key_hash=claim.key_hash,
            request_hash=claim.request_hash,
            status=response.status_code,
            headers={name: value for name, value in response.headers.items() if name in _KEPT_HEADERS},
            body=bytes(response.body),
            recorded_at=now,
        )
    )


async def forget_old(session: AsyncSession, *, now: datetime) -> int:
    """Delete answers kept longer than KEPT and return how many; a service's timer calls it now and then."""
    old = delete(IdempotencyRecord).where(IdempotencyRecord.recorded_at < now - KEPT)  # type: ignore[arg-type]
    result = await session.execute(old)
    return int(getattr(result, "rowcount", 0))


def _key(request: Request) -> str | None:
    key = request.headers.get(HEADER)
    if key is not None and not _KEY.fullmatch(key):
        raise KeyMalformed
    return key


async def _fingerprint(request: Request) -> str:
    digest = hashlib.sha256()
    for part in (request.method.encode(), request.url.path.encode(), request.url.query.encode(), await request.body()):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()
