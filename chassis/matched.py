"""The route that a request matched, wherever applications and routers put it."""

from typing import Any

from starlette.types import Scope


def route_of(scope: Scope) -> Any:
    """As FastAPI has put it together, else as it was declared, else None."""
    return scope.get("fastapi", {}).get("effective_route_context") or scope.get("route")
