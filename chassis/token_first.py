"""Who proves nothing is told nothing of what was sent: where a route needs a token, the token is looked at first.

Without this a body that is no JSON, or a parameter that is not known, would be refused before anyone asked who sends
it.
"""

from functools import lru_cache

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response

from chassis.access_log import matched_route
from chassis.auth import current_actor
from chassis.dependants import ByIdentity
from chassis.problems import Handler, Problem


async def token_first(request: Request) -> None:
    """Application-wide dependency, before all others. Raises Unauthorized where a token is needed and none is good."""
    _, route = matched_route(request.scope)
    dependant = getattr(route, "dependant", None)
    if dependant is not None and _needs_token(ByIdentity(dependant)):
        await current_actor(request)


def after_the_token(handler: Handler) -> Handler:
    """The handler of errors that come before any dependency (a body that cannot be read), behind the same check."""

    async def handle(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        try:
            await token_first(request)
        except Problem as problem:
            return problem.answer()
        answer = handler(request, error)
        assert isinstance(answer, Response)
        return answer

    return handle


@lru_cache(maxsize=4096)
def _needs_token(dependants: ByIdentity) -> bool:
    return any(dependant.call is current_actor for dependant in dependants)
