"""One trace follows a command from the gateway through every topic (W3C Trace Context); it holds no personal data.

Ids are always made and handed on, so that logs of all services can be joined. Spans leave the process only if an OTLP
endpoint is set, one trace in ten by default. Attributes are route templates, topics, counts and ids.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import structlog
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import Link, Span, SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from chassis.settings import Settings

_PROPAGATOR = TraceContextTextMapPropagator()
_provider = TracerProvider(sampler=ParentBased(TraceIdRatioBased(0)), shutdown_on_exit=False)

Attributes = Mapping[str, str | int | float | bool]


def configure(settings: Settings) -> None:
    """Begin to trace this process. Without an endpoint ids are made and nothing is recorded."""
    global _provider
    sampling = settings.trace_sampling if settings.otlp_endpoint else 0.0
    _provider = TracerProvider(
        resource=Resource({"service.name": settings.service, "service.version": settings.version}),
        sampler=ParentBased(TraceIdRatioBased(sampling)),
        shutdown_on_exit=False,
    )
    if settings.otlp_endpoint:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        exporter = OTLPSpanExporter(endpoint=f"{settings.otlp_endpoint}/v1/traces")
        _provider.add_span_processor(BatchSpanProcessor(exporter))


def shutdown() -> None:
    """Send what is left; part of a clean stop."""
    _provider.shutdown()


@contextmanager
def span(
    name: str,
    *,
    traceparent: str | None = None,
    links: tuple[str, ...] = (),
    kind: SpanKind = SpanKind.INTERNAL,
    attributes: Attributes | None = None,
) -> Iterator[Span]:
    """Open a span as a child of `traceparent`, or of the present span, or as a new trace.

    `links` are the traceparents of the messages of a batch. Log lines inside carry `trace_id`. An exception is noted
    by its type alone.
    """
    context = _PROPAGATOR.extract({"traceparent": traceparent}) if traceparent else None
    opened = _provider.get_tracer("throughgate").start_span(
        name,
        context=context,
        kind=kind,
        attributes=dict(attributes or {}),
        links=[Link(found) for found in map(_span_context, links) if found.is_valid],
    )
    trace_id = trace.format_trace_id(opened.get_span_context().trace_id)
    with (
        trace.use_span(opened, end_on_exit=True, record_exception=False, set_status_on_exception=False),
        structlog.contextvars.bound_contextvars(trace_id=trace_id),
    ):
        yield opened


def current_traceparent() -> str | None:
    """The `traceparent` to hand on with a message or call, or None outside any span."""
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier)
    return carrier.get("traceparent")


def _span_context(traceparent: str) -> trace.SpanContext:
    return trace.get_current_span(_PROPAGATOR.extract({"traceparent": traceparent})).get_span_context()
