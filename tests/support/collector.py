"""An OTLP/HTTP collector on a socket of this machine, which keeps the body of everything that it is sent."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

_VALUES = ("string_value", "int_value", "double_value", "bool_value")


@dataclass(frozen=True, slots=True)
class Sent:
    """One span. `traces` is its own trace and those that it is linked to, in hexadecimal."""

    service: str
    name: str
    attributes: Mapping[str, Any]
    traces: frozenset[str]


@dataclass
class Collector:
    """`url` is what a process is told as its OTLP endpoint."""

    url: str = ""
    bodies: list[bytes] = field(default_factory=list)

    def spans(self) -> list[Sent]:
        """Every span that has come so far."""
        return [span for body in list(self.bodies) for span in _decoded(body)]


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector on a free port of loopback. It outlives whoever sends to it, whose last spans come as they stop."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            collector.bodies.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.send_header("content-type", "application/x-protobuf")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing: what is sent is kept, not shown."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        collector.url = f"http://127.0.0.1:{server.server_address[1]}"
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        try:
            yield collector
        finally:
            server.shutdown()
            serving.join()


def _decoded(body: bytes) -> Iterator[Sent]:
    for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        service = str(_plain(resource.resource.attributes)["service.name"])
        for scope in resource.scope_spans:
            for span in scope.spans:
                traces = {span.trace_id.hex(), *(link.trace_id.hex() for link in span.links)}
                yield Sent(service, span.name, _plain(span.attributes), frozenset(traces))


def _plain(attributes: Any) -> dict[str, Any]:
    return {
        each.key: next((getattr(each.value, name) for name in _VALUES if each.value.HasField(name)), None)
        for each in attributes
    }
