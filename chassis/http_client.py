"""The one door out over HTTP, and the only importer of the HTTP library.

Each call has a time limit, hands on the trace, and carries the caller's own token: a service never speaks for itself.
A peer that cannot be reached answers `upstream-unavailable` (503); a peer's own problem passes through as it is.
"""

import asyncio
import json
import ssl
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import httpx2
from fastapi.responses import Response

from chassis import logging, telemetry
from chassis.outside import Target
from chassis.problems import MEDIA_TYPE, Problem, Unavailable

CONNECT_SECONDS = 2.0
ANSWER_SECONDS = 30.0

PASSED_BACK = (
    *("etag", "location", "link", "retry-after"),
    *("idempotency-replayed", "preference-applied", "www-authenticate"),
)
"""Answer headers that a gateway hands back."""

Params = Mapping[str, str | int | None]


class UpstreamUnavailable(Unavailable):
    """A service that this answer needs could not be reached in time. Nothing is known of what it did."""

    def __init__(self) -> None:
        super().__init__("A service that this answer needs is not reachable.", code="upstream-unavailable")


class UpstreamProblem(Problem):
    """A peer's refusal, answered to our caller as the peer said it."""

    def __init__(self, answer: "Answer") -> None:
        super().__init__(answer.status, code=str(_member(answer, "code") or "refused"))
        self.peer = answer

    def answer(self) -> Response:
        return Response(self.peer.body, self.peer.status, self.peer.passed_back(), media_type=MEDIA_TYPE)


@dataclass(frozen=True)
class Answer:
    """A peer's whole answer. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def ok(self) -> bool:
        return self.status < 400

    def json(self) -> Any:
        """The parsed body; None if there is none."""
        return json.loads(self.body) if self.body else None

    def passed_back(self) -> dict[str, str]:
        """The headers that a gateway hands back to its caller."""
        return {name: value for name, value in self.headers.items() if name in PASSED_BACK}

    def raise_for_problem(self) -> Self:
        """Return this answer if it is a success; raise the peer's problem, or `upstream-unavailable` for its faults."""
        if self.ok:
            return self
        if self.headers.get("content-type", "").startswith(MEDIA_TYPE) and self.status != 500:
            raise UpstreamProblem(self)
        raise UpstreamUnavailable

    def response(self) -> Response:
        """This answer as our own: status, body and the headers of PASSED_BACK."""
        return Response(
            self.body, self.status, self.passed_back(), media_type=self.headers.get("content-type", "application/json")
        )


class _Transport(httpx2.AsyncHTTPTransport):
    """The library's own, for which a connection that its peer ends while it is made is one that could not be made.

    On uvloop such a connection has no socket any more, and the library asks it for its peer's name all the same.
    """

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        try:
            return await super().handle_async_request(request)
        except AttributeError as error:
            raise httpx2.ConnectError("Ended while it was made.", request=request) from error


class ServiceClient:
    """Calls one service. Holds its connections; close it, or use it as an async context manager."""

    def __init__(
        self,
        base_url: str,
        *,
        timeout_s: float = ANSWER_SECONDS,
        max_connections: int = 100,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        limits = httpx2.Limits(max_connections=max_connections, max_keepalive_connections=max_connections)
        self._client = httpx2.AsyncClient(
            base_url=base_url,
            timeout=httpx2.Timeout(timeout_s, connect=CONNECT_SECONDS),
            trust_env=False,
            transport=transport or _Transport(limits=limits, trust_env=False),
        )

    async def request(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        body: Any = None,
        content: bytes | None = None,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
    ) -> Answer:
        """Send one request and read the whole answer, whatever its status.

        `body` is sent as JSON, `content` as it is. Raises UpstreamUnavailable if no whole answer came in time.
        """
        if body is not None:
            content = json.dumps(body, separators=(",", ":")).encode()
        extra: dict[str, Any] = {"timeout": timeout_s} if timeout_s is not None else {}
        try:
            answer = await self._client.request(
                method,
                path,
                params=_without_none(params),
                content=content,
                headers=_headers(token, headers, is_json=body is not None),
                **extra,
            )
        except httpx2.HTTPError as error:
            raise UpstreamUnavailable from error
        return Answer(answer.status_code, dict(answer.headers), answer.content)

    async def call(self, method: str, path: str, **arguments: Any) -> Answer:
        """As `request`, but raises the peer's problem instead of returning it."""
        return (await self.request(method, path, **arguments)).raise_for_problem()

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        content: AsyncIterable[bytes] | None = None,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 600.0,
    ) -> AsyncIterator["Streamed"]:
        """Send a body piece by piece, then read the answer piece by piece; memory stays flat both ways."""
        request = self._client.build_request(
            method,
            path,
            params=_without_none(params),
            content=content,
            headers=_headers(token, headers, is_json=False),
            timeout=httpx2.Timeout(timeout_s, connect=CONNECT_SECONDS),
        )
        try:
            answer = await self._client.send(request, stream=True)
        except httpx2.HTTPError as error:
            raise UpstreamUnavailable from error
        try:
            yield Streamed(answer)
        finally:
            await answer.aclose()

    async def aclose(self) -> None:
        await self._client.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self.aclose()


class Streamed:
    """An answer whose body has not been read yet."""

    def __init__(self, answer: httpx2.Response) -> None:
        self._answer = answer
        self.status = answer.status_code
        self.headers = dict(answer.headers)

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body as it comes. Raises UpstreamUnavailable if it breaks off."""
        try:
            async for piece in self._answer.aiter_bytes():
                yield piece
        except httpx2.HTTPError as error:
            raise UpstreamUnavailable from error

    async def whole(self) -> Answer:
        """The rest of the body at once."""
        return Answer(self.status, self.headers, b"".join([piece async for piece in self.pieces()]))


async def fetch_json(url: str, *, timeout_s: float = 5.0) -> Any:
    """One GET of a JSON document, such as a key set. Raises UpstreamUnavailable unless it answers 200 with JSON."""
    async with ServiceClient("", timeout_s=timeout_s) as client:
        answer = await client.request("GET", url)
    try:
        if answer.status == 200:
            return answer.json()
    except ValueError as error:
        raise UpstreamUnavailable from error
    raise UpstreamUnavailable


class Unanswered(Exception):
    """No answer came from outside; its text is `unreachable`, `tls-refused`, `timed-out` or `broken-off`."""


def tls_context(ca_file: str | None = None) -> ssl.SSLContext:
    """What certificates outside are checked against: the public authorities, and those of the file."""
    context = httpx2.create_ssl_context()
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    return context


async def post_outside(
    target: Target,
    address: str,
    *,
    content: bytes,
    headers: Mapping[str, str],
    tls: ssl.SSLContext,
    timeout_s: float,
) -> int:
    """One POST to a checked address of the target; the answer's status, of whose body nothing is read.

    The certificate is checked against the target's name. No redirect is followed, no proxy asked, no cookie kept, and
    the connection serves this call alone. Raises Unanswered.
    """
    request = httpx2.Request(
        "POST",
        target.at(address),
        headers={**headers, "host": target.authority, "user-agent": "throughgate"},
        content=content,
        extensions={"sni_hostname": target.host, "timeout": httpx2.Timeout(timeout_s).as_dict()},
    )
    try:
        async with asyncio.timeout(timeout_s), _Transport(verify=tls, trust_env=False) as transport:
            answer = await transport.handle_async_request(request)
            await answer.aclose()
            return answer.status_code
    except (TimeoutError, httpx2.HTTPError) as error:
        raise Unanswered(_why(error)) from error


def _why(error: Exception) -> str:
    if isinstance(error, TimeoutError | httpx2.TimeoutException):
        return "timed-out"
    unreachable = "tls-refused" if "SSL" in logging.describe(error) else "unreachable"
    return unreachable if isinstance(error, httpx2.ConnectError) else "broken-off"


def _headers(token: str | None, headers: Mapping[str, str] | None, *, is_json: bool) -> dict[str, str]:
    made = {"accept": "application/json"}
    if is_json:
        made["content-type"] = "application/json"
    if token:
        made["authorization"] = f"Bearer {token}"
    if traceparent := telemetry.current_traceparent():
        made["traceparent"] = traceparent
    return {**made, **{name.lower(): value for name, value in (headers or {}).items()}}


def _without_none(params: Params | None) -> dict[str, str | int] | None:
    return {name: value for name, value in params.items() if value is not None} if params else None


def _member(answer: Answer, name: str) -> object:
    try:
        found = answer.json()
    except ValueError:
        return None
    return found.get(name) if isinstance(found, dict) else None
