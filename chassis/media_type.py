"""A body in another form than the route reads is 415, not a puzzle about its fields."""

from fastapi import Request

from chassis.access_log import matched_route
from chassis.problems import Problem


class UnsupportedMediaType(Problem):
    """The body is in a form that this route does not read."""

    def __init__(self, *accepted: str) -> None:
        super().__init__(415, f"The body is {' or '.join(accepted)}.", headers={"Accept": ", ".join(accepted)})


def ensure_media_type(request: Request, *accepted: str) -> None:
    """For routes that read the body themselves. Raises UnsupportedMediaType unless it is one of `accepted`."""
    if _media_type(request) not in accepted:
        raise UnsupportedMediaType(*accepted)


async def only_json_bodies(request: Request) -> None:
    """Application-wide dependency: a route that takes a JSON body takes nothing else."""
    _, route = matched_route(request.scope)
    if getattr(route, "body_field", None) is None or not await request.body():
        return
    if not is_json(request):
        raise UnsupportedMediaType("application/json")


def is_json(request: Request) -> bool:
    """Whether the body is called one JSON text: of some standard's own, maybe, but not lines of it."""
    found = _media_type(request)
    return found == "application/json" or (found.startswith("application/") and found.endswith("+json"))


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()
