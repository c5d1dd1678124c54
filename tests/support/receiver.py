"""An agency's endpoint as a real server on a socket of this machine: it keeps what it was sent, and answers as told."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from standardwebhooks import Webhook

from chassis.ids import new_id

HEAD_END = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Call:
    """One request. Header names are lower case."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    def verified(self, secret: str) -> Any:
        """The body, if the signature holds; raises what the standard's own library raises."""
        return Webhook(secret).verify(self.body, dict(self.headers))


@dataclass
class Receiver:
    """`status` and `headers` are what it answers, after `late_s`; while `holds` is set it answers nothing at all."""

    url: str
    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    holds: bool = False
    late_s: float = 0.0
    calls: list[Call] = field(default_factory=list)

    @property
    def ids(self) -> set[str]:
        return {call.id for call in self.calls}

    def said(self) -> list[Any]:
        """The bodies as JSON, in the order in which they came."""
        return [json.loads(call.body) for call in self.calls]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(HEAD_END)).decode()
            first, *rest = head.strip().split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            self.calls.append(Call(first.split()[1], headers, body))
            while self.holds:
                await asyncio.sleep(0.02)
                if reader.at_eof():
                    return
            await asyncio.sleep(self.late_s)
            said = {**self.headers, "content-length": "0", "connection": "close"}
            lines = [f"HTTP/1.1 {self.status} Said", *(f"{name}: {value}" for name, value in said.items())]
            writer.write("\r\n".join(lines).encode() + HEAD_END)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()


@asynccontextmanager
async def receiving(certificate: Path | None = None) -> AsyncIterator[Receiver]:
    """A receiver on a free port of loopback; with a certificate and key (PEM) it speaks TLS."""
    tls = None
    if certificate is not None:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(certificate)
    receiver = Receiver("")
    server = await asyncio.start_server(receiver._serve, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    receiver.url = f"{'http' if tls is None else 'https'}://127.0.0.1:{port}/{new_id()}"
    try:
        yield receiver
    finally:
        receiver.holds = False
        server.close()
        await server.wait_closed()
