"""In development the issuer's public address is the stack's one port: its calls go on to its process as they are."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from chassis.body_limit import BODY_LIMIT
from chassis.handed_on import forwarded
from chassis.http_client import ServiceClient

router = APIRouter(include_in_schema=False)

HANDED_ON = ("content-type", "authorization", "accept")


@router.api_route("/oauth2/{rest:path}", methods=["GET", "POST"], max_body_size=BODY_LIMIT)
@router.api_route("/.well-known/{rest:path}", methods=["GET"])
async def to_issuer(request: Request, rest: str) -> Response:
    """The issuer's own answer."""
    client: ServiceClient = request.app.state.issuer_client
    prefix = request.url.path.removesuffix(rest)
    headers = forwarded(request.headers, HANDED_ON)
    content = await request.body() if request.method == "POST" else None
    answer = await client.request(request.method, f"{prefix}{rest}", content=content, headers=headers)
    return Response(answer.body, answer.status, answer.passed_back(), media_type=answer.headers.get("content-type"))
