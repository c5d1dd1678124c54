"""The FastAPI application of a service or gateway: the same refusals, limits, health and one commit everywhere."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.types import Receive, Scope, Send

from chassis import problems
from chassis.access_log import AccessLog
from chassis.body_limit import BODY_LIMIT, BULK_BODY_LIMIT
from chassis.capacity import Bounded, Capacity
from chassis.db import Database
from chassis.media_type import only_json_bodies
from chassis.openapi import ANY_PROBLEM, describe_problems
from chassis.query_rules import only_known_query
from chassis.ratelimit import Limiter
from chassis.session import DatabaseDep, SessionDep
from chassis.settings import Settings
from chassis.text_rules import only_storable_text
from chassis.token_first import after_the_token, token_first
from chassis.tokens import Verifier

__all__ = ["BODY_LIMIT", "BULK_BODY_LIMIT", "DatabaseDep", "SessionDep", "create_app"]

Check = Callable[[], Awaitable[object]]


def create_app(
    settings: Settings,
    routers: Iterable[APIRouter],
    *,
    database: Database | None,
    title: str,
    verifier: Verifier | None = None,
    rate_limited: bool = False,
    checks: Sequence[Check] = (),
    **fastapi_options: Any,
) -> FastAPI:
    """Put an application together.

    `app.state` holds `settings`, `database`, `verifier`, `limiter` and `capacity`. `/health/readiness` is 200 while the
    database answers and every one of `checks` returns without raising. `rate_limited` is for gateways: calls are
    counted per agency. Further options go to FastAPI as they are; by default no OpenAPI document is served. One that
    mounts others sets no `max_body_size`: theirs hold, and the framework's 413 cannot leave through two of them.
    """
    options: dict[str, Any] = {
        "openapi_url": None,
        "docs_url": None,
        "redoc_url": None,
        "max_body_size": BODY_LIMIT,
        **fastapi_options,
    }
    app = _Application(
        title=title,
        version=settings.version,
        dependencies=[Depends(each) for each in (token_first, only_known_query, only_json_bodies, only_storable_text)],
        responses=ANY_PROBLEM,
        telemetry={"tracing": False, "metrics": False, "logs": False, "operation_spans": False},
        **options,
    )
    app.state.settings = settings
    app.state.database = database
    app.state.verifier = verifier or Verifier.fetching(
        issuer=settings.issuer, audience=settings.audience, jwks_url=settings.jwks_url
    )
    app.state.limiter = Limiter(settings.rate_limit) if rate_limited else None
    app.state.capacity = Capacity(settings.requests_at_once)
    app.state.checks = (*((database.ping,) if database else ()), *checks)
    problems.install(app)
    app.add_exception_handler(
        RequestValidationError, problems.in_words_of_the_route(after_the_token(problems.on_validation))
    )
    app.include_router(_operations_router())
    for router in routers:
        app.include_router(router)
    describe_problems(app)
    return app


class _Application(FastAPI):
    """A FastAPI application with the access log outside everything, the framework's own error answers included.

    Next to it stands the bound of what is worked on at once, before anything is spent on a request.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await AccessLog(Bounded(super().__call__, self.state.capacity))(scope, receive, send)


def _operations_router() -> APIRouter:
    router = APIRouter(tags=["operations"])

    @router.get("/health/liveness")
    async def liveness() -> dict[str, str]:
        """The process runs and its event loop turns."""
        return {"status": "alive"}

    @router.get("/health/readiness")
    async def readiness(request: Request) -> dict[str, str]:
        """Which service is ready: what it needs in order to answer is there; 503 otherwise."""
        for check in request.app.state.checks:
            try:
                await check()
            except problems.Problem:
                raise
            except Exception as error:
                raise problems.Unavailable("Not ready.", code="not-ready") from error
        settings: Settings = request.app.state.settings
        return {"status": "ready", "service": settings.service}

    @router.get("/info")
    async def info(request: Request) -> dict[str, str]:
        """Which service and version this is."""
        settings: Settings = request.app.state.settings
        return {"service": settings.service, "version": settings.version, "environment": settings.environment}

    return router
