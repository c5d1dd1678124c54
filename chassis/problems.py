"""Every refusal leaves as RFC 9457 problem+json with a stable `code`; no answer repeats what was sent.

The four kinds of contracts.errors become statuses here and nowhere else. A rule is described by its own words and
limits, a field by its JSON Pointer, never by its value: what a caller sent may be a person's data, and answers are kept
and logged by others. What was not foreseen answers 500 and says nothing more.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import psycopg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.types import Scope

from chassis import logging, validation
from chassis.body_limit import said_of
from chassis.db import is_passing
from chassis.matched import route_of
from contracts.errors import Conflict, Invalid, NotFound, NotPermitted, Refusal

Handler = Callable[[Request, Exception], Response | Awaitable[Response]]

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 1

STATUS_OF_KIND: Mapping[type[Refusal], HTTPStatus] = {
    NotFound: HTTPStatus.NOT_FOUND,
    NotPermitted: HTTPStatus.FORBIDDEN,
    Conflict: HTTPStatus.CONFLICT,
    Invalid: HTTPStatus.UNPROCESSABLE_ENTITY,
}

CODE_OF_STATUS: Mapping[int, str] = {
    400: "malformed",
    401: "unauthorized",
    403: "not-permitted",
    404: "not-found",
    405: "method-not-allowed",
    406: "not-acceptable",
    409: "conflict",
    412: "precondition-failed",
    413: "too-large",
    415: "unsupported-media-type",
    422: "invalid",
    428: "precondition-required",
    429: "rate-limited",
    500: "internal",
    503: "unavailable",
}

log = logging.get(__name__)


class Problem(Exception):
    """A refusal of HTTP itself: tokens, preconditions, limits. Rules of the field raise contracts.errors."""

    def __init__(
        self,
        status: int,
        detail: str = "",
        *,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[Mapping[str, Any]] = (),
        extra: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.code = code or CODE_OF_STATUS.get(status, "refused")
        self.headers = dict(headers or {})
        self.errors = errors
        self.extra = extra or {}

    def answer(self) -> Response:
        return problem_response(
            self.status, code=self.code, detail=self.detail, headers=self.headers, errors=self.errors, extra=self.extra
        )


class Unavailable(Problem):
    """Something this answer needs is not there at the moment; asking again is right."""

    def __init__(self, detail: str = "", *, code: str = "unavailable", retry_after: int = RETRY_AFTER_SECONDS) -> None:
        super().__init__(503, detail, code=code, headers={"Retry-After": str(retry_after)})


def problem_response(
    status: int,
    *,
    code: str,
    detail: str = "",
    headers: Mapping[str, str] | None = None,
    errors: Iterable[Mapping[str, Any]] = (),
    extra: Mapping[str, object] | None = None,
) -> Response:
    """Build one problem answer. `extra` are members beside RFC 9457's own, such as `allowed_actions`."""
    body: dict[str, Any] = {
        "type": f"urn:throughgate:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail or f"{HTTPStatus(status).phrase}.",
    }
    if found := [dict(error) for error in errors]:
        body["errors"] = found
    body.update({name: value for name, value in (extra or {}).items() if name not in body})
    return JSONResponse(body, status_code=status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


def status_of(refusal: Refusal) -> HTTPStatus:
    """The status of a refusal's kind."""
    return next(status for kind, status in STATUS_OF_KIND.items() if isinstance(refusal, kind))


def install(app: FastAPI) -> None:
    """Give `app` these answers for everything that can go wrong in it."""
    for error, handler in _HANDLERS.items():
        app.add_exception_handler(error, in_words_of_the_route(handler))


def in_words_of_the_route(handler: Handler) -> Callable[[Request, Exception], Awaitable[Response]]:
    """The handler, what it answers as `reworded`."""

    async def handle(request: Request, error: Exception) -> Response:
        answered = handler(request, error)
        return reworded(request.scope, await answered if isinstance(answered, Awaitable) else answered)

    return handle


def reworded(scope: Scope, problem: Response) -> Response:
    """The refusal in the form of the matched route's own standard: its class then has a method `refusal`."""
    says = getattr(getattr(route_of(scope), "original_route", None), "refusal", None)
    return says(scope, problem) if says else problem


def _on_problem(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return error.answer()


def _on_refusal(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    errors = [{"pointer": error.pointer, "rule": error.code, "detail": error.detail}] if error.pointer else []
    return problem_response(status_of(error), code=error.code, detail=error.detail, errors=errors, extra=error.extra)


def on_validation(request: Request, error: Exception) -> Response:
    """What was sent breaks a rule, or cannot be read at all."""
    assert isinstance(error, RequestValidationError)
    if validation.is_malformed(error):
        return problem_response(400, code="malformed", detail="The body is not well-formed JSON.")
    return problem_response(
        422,
        code="invalid",
        detail="Some of what was sent breaks a rule; `errors` names each place.",
        errors=validation.describe(error, body_type(request)),
    )


def body_type(request: Request) -> object:
    field = getattr(route_of(request.scope), "body_field", None)
    return None if field is None else field.field_info.annotation


def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = CODE_OF_STATUS.get(error.status_code, "refused")
    detail = said_of(request.scope) if error.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE else ""
    return problem_response(error.status_code, code=code, detail=detail, headers=error.headers)


def _on_database(request: Request, error: Exception) -> Response:
    return _on_not_now(request, error) if is_passing(error) else _on_unexpected(request, error)


def _on_not_now(_request: Request, error: Exception) -> Response:
    log.warning("http.not-now", exc_info=error)
    return Unavailable("Part of the service is not reachable at the moment.").answer()


def _on_unexpected(request: Request, error: Exception) -> Response:
    """Starlette raises a RuntimeError from what an answer that was begun broke off at: that is what went wrong."""
    if isinstance(error, RuntimeError) and error.__cause__ is not None and is_passing(error.__cause__):
        return _on_not_now(request, error)
    log.error("http.unexpected", exc_info=error)
    return problem_response(500, code="internal")


_HANDLERS = {
    Problem: _on_problem,
    Refusal: _on_refusal,
    RequestValidationError: on_validation,
    HTTPException: _on_http_exception,
    DBAPIError: _on_database,
    PoolTimeout: _on_database,
    psycopg.Error: _on_database,
    TimeoutError: _on_not_now,
    ConnectionError: _on_not_now,
    Exception: _on_unexpected,
}
