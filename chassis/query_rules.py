"""A query parameter that a route does not know is refused: a misspelt filter would silently widen the answer.

`dependencies=[any_query]` on a route whose callers follow another standard: what they add is passed over.
"""

from functools import lru_cache

from fastapi import Depends, Request
from pydantic import BaseModel

from chassis.access_log import matched_route
from chassis.dependants import ByIdentity
from chassis.problems import Problem


async def only_known_query(request: Request) -> None:
    """Application-wide dependency: 422 for an unknown query parameter."""
    _, route = matched_route(request.scope)
    dependant = getattr(route, "dependant", None)
    if not request.query_params or dependant is None or _takes_any(ByIdentity(dependant)):
        return
    known = _known(ByIdentity(dependant))
    if set(request.query_params) <= known:
        return
    raise Problem(
        422,
        "A query parameter is not known here.",
        code="unknown-parameter",
        errors=[{"rule": "unknown-parameter", "detail": f"known here: {', '.join(sorted(known))}"}],
    )


async def _any_query() -> None:
    """Says by being there that unknown parameters are no mistake."""


any_query = Depends(_any_query)


@lru_cache(maxsize=4096)
def _takes_any(dependants: ByIdentity) -> bool:
    return any(dependant.call is _any_query for dependant in dependants)


@lru_cache(maxsize=4096)
def _known(dependants: ByIdentity) -> frozenset[str]:
    names: set[str] = set()
    for dependant in dependants:
        for field in dependant.query_params:
            annotation = field.field_info.annotation
            if isinstance(annotation, type) and issubclass(annotation, BaseModel):
                names.update(found.alias or name for name, found in annotation.model_fields.items())
            else:
                names.add(field.alias)
    return frozenset(names)
