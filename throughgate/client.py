"""One agency at its gateway, over HTTP as any integrator would: what the demo, `load` and system tests speak through.

Nothing here is known that api.md does not promise. Tokens come by the development secret and are renewed in time.
"""

import asyncio
import time
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import yaml

from chassis.http_client import Answer, ServiceClient, Streamed, UpstreamUnavailable
from chassis.ids import new_id

RENEW_BEFORE_S = 60.0


class Refused(Exception):
    """A gateway's refusal, by status and code; never with what was sent."""

    def __init__(self, answer: Answer, what: str) -> None:
        problem = answer.json() if "json" in answer.headers.get("content-type", "") else {}
        self.status = answer.status
        said = problem if isinstance(problem, dict) else {}
        self.code = str(said.get("code") or said.get("error") or "")
        detail = str(said.get("detail") or said.get("error_description") or "")
        super().__init__(f"{what}: {self.status} {self.code} {detail}".rstrip())


class UnknownAgency(Exception):
    """No agency of this id is registered in deploy/agencies."""


def kind_of(agency: str, deploy_dir: Path) -> str:
    """The kind of a registered agency, which is the name of its gateway."""
    path = deploy_dir / "agencies" / f"{agency}.yaml"
    if not path.is_file():
        raise UnknownAgency(f"{agency} is not registered in deploy/agencies")
    return str(yaml.safe_load(path.read_text(encoding="utf-8"))["kind"])


async def fetch_token(
    http: ServiceClient, agency: str, *, user: str | None = None, scope: str | None = None, ttl: int | None = None
) -> str:
    """A development access token for an agency, perhaps naming a member of its staff."""
    form = {"grant_type": "client_credentials", "client_id": agency, "client_secret": f"dev-{agency}"}
    form |= {name: str(value) for name, value in (("user", user), ("scope", scope), ("ttl", ttl)) if value is not None}
    answer = await http.request(
        "POST",
        "/oauth2/token",
        content=urlencode(form).encode(),
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    if not answer.ok:
        raise Refused(answer, f"token for {agency}")
    return str(answer.json()["access_token"])


class Desk:
    """An agency's desk. `user` names the member of staff for calls that need one."""

    def __init__(self, http: ServiceClient, agency: str, kind: str, *, user: str | None = None) -> None:
        self.http = http
        self.agency = agency
        self.kind = kind
        self.user = user
        self._token = ""
        self._renew_at = 0.0

    async def token(self) -> str:
        if time.monotonic() >= self._renew_at:
            self._token = await fetch_token(self.http, self.agency, user=self.user, ttl=3600)
            self._renew_at = time.monotonic() + 3600 - RENEW_BEFORE_S
        return self._token

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str | int | None] | None = None,
        content: bytes | None = None,
        timeout_s: float = 30.0,
    ) -> Answer:
        """One call below `/<kind>/v1`, whatever its status. A POST gets an Idempotency-Key of its own."""
        sent = {"idempotency-key": new_id()} if method == "POST" else {}
        return await self.http.request(
            method,
            f"/{self.kind}/v1{path}",
            token=await self.token(),
            body=body,
            content=content,
            params=params,
            headers={**sent, **(headers or {})},
            timeout_s=timeout_s,
        )

    async def ask(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """The body of a successful call. Raises Refused. After a 503 it asks again, with the same key."""
        headers = {"idempotency-key": new_id()} if method == "POST" else {}
        headers |= options.pop("headers", None) or {}
        for pause in (0.2, 0.5, 1.0, 2.0, None):
            try:
                answer = await self.call(method, path, body, headers=headers, **options)
            except UpstreamUnavailable:
                if pause is None:
                    raise
            else:
                if answer.ok:
                    return answer.json()
                if answer.status not in (429, 503) or pause is None:
                    raise Refused(answer, f"{method} as {self.agency}")
            await asyncio.sleep(pause)
        raise AssertionError("unreachable")

    async def get(self, path: str, **params: str | int | None) -> Any:
        return await self.ask("GET", path, params=params)

    async def put(self, path: str, body: Any) -> Any:
        return await self.ask("PUT", path, body)

    async def post(self, path: str, body: Any = None) -> Any:
        return await self.ask("POST", path, {} if body is None else body)

    async def delete(self, path: str) -> Any:
        return await self.ask("DELETE", path)

    async def feed(self, after: str | None = None, *, wait: int = 0) -> tuple[list[dict[str, Any]], str]:
        """Every feed item after a cursor, and where to go on."""
        items: list[dict[str, Any]] = []
        while True:
            page = await self.ask("GET", "/feed", params={"after": after, "limit": 500, "wait": wait}, timeout_s=60)
            items += page["items"]
            after = page["next"]
            if len(page["items"]) < 500:
                return items, after
            wait = 0

    async def pages(self, path: str, **params: str | int | None) -> AsyncIterator[dict[str, Any]]:
        """Every item of a list, page by page."""
        cursor = None
        while True:
            page = await self.get(path, **{**params, "cursor": cursor})
            for item in page["items"]:
                yield item
            cursor = page["next"]
            if cursor is None:
                return

    @asynccontextmanager
    async def bulk(self, lines: AsyncIterable[bytes], *, key: str) -> AsyncIterator[Streamed]:
        """The bulk endpoint: NDJSON in, NDJSON out."""
        async with self.http.stream(
            "POST",
            f"/{self.kind}/v1/release-dates/bulk",
            token=await self.token(),
            content=lines,
            headers={"idempotency-key": key, "content-type": "application/x-ndjson"},
        ) as streamed:
            yield streamed
