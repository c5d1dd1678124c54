"""How long a body may be, and what is said of one that is longer."""

from starlette.types import Scope

from chassis.matched import route_of

MIB = 1024 * 1024
BODY_LIMIT = MIB
BULK_BODY_LIMIT = 64 * MIB
"""For a route of its own: `@router.post(…, max_body_size=BULK_BODY_LIMIT)`."""


def said_of(scope: Scope) -> str:
    """The limit of the matched route in words; the application's where it has none of its own."""
    limit = getattr(route_of(scope), "max_body_size", None) or BODY_LIMIT
    return f"A body may be {limit // MIB} MiB here at most."
