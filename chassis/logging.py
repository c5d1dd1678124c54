"""Logs hold ids and counts, never a person: only the keys of ALLOWED are written, and no text put together at run time.

A log line is one JSON object. Its `event` is a constant chosen by the author of the call ("relay.sent"). Exceptions are
written as their type and the places they passed, without their text; lines of libraries as their template, without the
arguments. So nothing that came from outside can reach a log by way of a format string.
"""

import logging
import re
import sys
import traceback
from collections.abc import MutableMapping
from types import TracebackType
from typing import Any, cast

import structlog
from prometheus_client import Counter

from chassis.settings import Settings

_LINE = {"event", "level", "timestamp", "module", "service", "version", "pid", "host", "port", "redacted"}
_TRACE = {"trace_id", "span_id", "method", "route", "status", "duration_ms", "bytes", "code", "error", "where"}
_WORDS = {"agency", "agency_kind", "kind", "source", "recipient", "category", "clause", "agreement", "decision"}
_IDS = {"person_id", "subject_ref", "share_id", "release_id", "offer_id", "involvement_id", "consent_id", "decision_id"}
_MESSAGES = {"topic", "partition", "partitions", "offset", "group", "lane", "event_id", "event_type", "stream_version"}
_COUNTS = {"count", "first", "last", "index", "size", "skipped", "waiting", "parked", "attempt", "attempts", "delay_s"}
_PROCESS = {"cluster_id", "timer", "task", "signal"}

ALLOWED = frozenset(_LINE | _TRACE | _WORDS | _IDS | _MESSAGES | _COUNTS | _PROCESS)
"""Every key a log line may have. Opaque ids are allowed; identifiers, names, dates of birth and free text are not."""

EventDict = MutableMapping[str, Any]

ALARMS = Counter("throughgate_alarms_total", "Warnings and errors of the log, by their names.", ["event"])
_OWN_NAME = re.compile(r"[a-z]+\.[a-z_-]+")
"""Of our own lines; a library's template is not fit to be a label."""


def configure(settings: Settings) -> None:
    """Send this process's log, its own and its libraries', to standard output as JSON lines."""
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    _write_lines(level)
    structlog.contextvars.bind_contextvars(service=settings.service)
    root = logging.getLogger()
    root.handlers[:] = [_LibraryHandler()]
    root.setLevel(max(level, logging.WARNING))
    logging.getLogger("uvicorn.access").disabled = True


def _write_lines(level: int) -> None:
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            count_alarms,
            only_types_and_places,
            only_allowed_keys,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: structlog.WriteLogger(sys.stdout),
        cache_logger_on_first_use=False,
    )


def get(name: str) -> structlog.typing.FilteringBoundLogger:
    """The logger of one module; `name` is usually `__name__`."""
    return cast(structlog.typing.FilteringBoundLogger, structlog.get_logger(module=name))


def count_alarms(_logger: object, method: str, event: EventDict) -> EventDict:
    """What an operator is to be woken by can be counted where nobody reads logs."""
    if method in ("warning", "error") and _OWN_NAME.fullmatch(str(event.get("event"))):
        ALARMS.labels(event["event"]).inc()
    return event


def only_allowed_keys(_logger: object, _method: str, event: EventDict) -> EventDict:
    """The redaction rule: what is not in ALLOWED is left out, and the line says how many keys were."""
    kept = {key: value for key, value in event.items() if key in ALLOWED}
    if len(kept) < len(event):
        kept["redacted"] = len(event) - len(kept)
    return kept


def only_types_and_places(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Replace `exc_info` by the exception's type and the frames it passed; its text may quote a row or a body."""
    info = event.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    elif isinstance(info, BaseException):
        info = (type(info), info, info.__traceback__)
    if isinstance(info, tuple) and info[0] is not None:
        event["error"] = describe(info[1])
        event["where"] = places(info[2])
    return event


def describe(error: BaseException) -> str:
    """The type of an exception and of what caused it, innermost last: `UpstreamUnavailable < ConnectError`."""
    names = [type(error).__name__]
    cause = error.__cause__ or error.__context__
    while cause is not None and len(names) < 5:
        names.append(type(cause).__name__)
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, BaseExceptionGroup):
        names.append("[" + ", ".join(describe(inner) for inner in error.exceptions[:5]) + "]")
    return " < ".join(names)


def places(trace: TracebackType | None) -> list[str]:
    """The last frames of a traceback as `module:function:line`, without source text or values."""
    return [
        f"{frame.f_globals.get('__name__', '?')}:{frame.f_code.co_name}:{line}"
        for frame, line in list(traceback.walk_tb(trace))[-12:]
    ]


class _LibraryHandler(logging.Handler):
    """Writes a library's log record through structlog: its template, not its arguments."""

    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger(module=record.name)
        template = record.msg if isinstance(record.msg, str) else type(record.msg).__name__
        if record.name == "asyncio":  # it joins what an exception says beforehand
            template = "asyncio.unhandled"
        log.log(record.levelno, template, exc_info=record.exc_info)


_write_lines(logging.WARNING)  # the rule holds from the first import on, in tools and tests that never call `configure`
