"""The outermost layer of a request: its trace, its line in the access log, and the headers every answer carries.

The line holds the route's template and never the path, for a path may name a person; and the method only if it is one
that HTTP knows, for a caller may send any word as such.
"""

import time
from collections.abc import MutableMapping
from typing import Any

from opentelemetry.trace import SpanKind
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis import logging, telemetry
from chassis.body_limit import said_of
from chassis.matched import route_of
from chassis.problems import MEDIA_TYPE, problem_response, reworded

UNMATCHED = "unmatched"
OTHER_METHOD = "_OTHER"
"""What OpenTelemetry calls a method that nobody has heard of."""
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})
_QUIET = frozenset({"/health/liveness", "/health/readiness"})
_SEEN = "throughgate.access"
_TOO_LARGE = 413
_SECURITY_HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}

log = logging.get("chassis.access")


class AccessLog:
    """Traces and logs each HTTP request; sits outside everything else of the app, once however apps are mounted.

    The framework's own 413 is plain text; it leaves as a problem like every other refusal, and names the limit.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _SEEN in scope:
            await self.app(scope, receive, send)
            return
        scope[_SEEN] = True
        state: MutableMapping[str, object] = scope.setdefault("state", {})
        status = 500
        is_replaced = False

        async def sending(message: Message) -> None:
            nonlocal status, is_replaced
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                is_replaced = status == _TOO_LARGE and headers.get("content-type") != MEDIA_TYPE
                if is_replaced:
                    problem = reworded(scope, problem_response(_TOO_LARGE, code="too-large", detail=said_of(scope)))
                    _add_headers(problem.headers, state)
                    await problem(scope, receive, send)
                    return
                _add_headers(headers, state)
            if not is_replaced:
                await send(message)

        began = time.perf_counter()
        method = scope["method"] if scope["method"] in _METHODS else OTHER_METHOD
        traceparent = Headers(scope=scope).get("traceparent")
        with telemetry.span(f"HTTP {method}", traceparent=traceparent, kind=SpanKind.SERVER) as span:
            try:
                await self.app(scope, receive, sending)
            finally:
                route = matched_route(scope)[0]
                span.update_name(f"{method} {route}")
                span.set_attributes({"http.route": route, "http.response.status_code": status})
                if route not in _QUIET:
                    log.info(
                        "http.answered",
                        method=method,
                        route=route,
                        status=status,
                        duration_ms=round((time.perf_counter() - began) * 1000, 1),
                        agency=getattr(state.get("actor"), "agency", None),
                    )


def matched_route(scope: Scope) -> tuple[str, Any]:
    """The template of the matched route's path, or UNMATCHED, and the route as FastAPI has put it together, or None."""
    found = route_of(scope)
    path = getattr(found, "path_format", None)
    if not isinstance(path, str):
        return UNMATCHED, None
    return str(scope.get("root_path", "")) + path, found


def _add_headers(headers: MutableHeaders, state: MutableMapping[str, object]) -> None:
    for name, value in _SECURITY_HEADERS.items():
        headers.setdefault(name, value)
    limits = state.get("rate_headers")
    if isinstance(limits, dict):
        headers.update(limits)
