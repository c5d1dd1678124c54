"""Messages that nobody can take: data that is not of its event, and messages that cannot even be kept as they are."""

import json
from collections.abc import Callable
from typing import Any

from chassis.ids import new_id
from contracts.envelope import Headers
from contracts.event import EventData

Record = tuple[bytes | None, bytes | None, Headers]
"""Key, value and headers, as they stand on the wire."""


def events_spoilt(event: type[EventData], example: dict[str, Any]) -> dict[str, bytes]:
    """By what is wrong with it: data that is none of this event's, whoever reads it."""
    whole = json.dumps(example).encode()
    return {
        "nothing": b"",
        "a half": whole[: len(whole) // 2],
        "two": whole + whole,
        "a list": b"[" + whole + b"]",
        "null": b"null",
        "without its key": json.dumps({name: value for name, value in example.items() if name != event.KEY}).encode(),
        "a number for its key": json.dumps(example | {event.KEY: 10**400}).encode(),
        "an object for its key": json.dumps(example | {event.KEY: {"id": example[event.KEY]}}).encode(),
        "not UTF-8": whole.replace(b'":', b'\xc3\x28":', 1)[:-1] + b'\xff"}',
        "half of a surrogate pair": whole.replace(b'": "', b'": "\\ud800', 1) + b" ",
        "a NUL outside of text": whole[:-1] + b"\x00}",
        "deep": b"[" * 100_000,
        "deep inside": b'{"' + event.KEY.encode() + b'":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    }


def _with(name: str, value: bytes | None) -> Callable[[Record], Record]:
    def changed(record: Record) -> Record:
        key, data, headers = record
        kept = tuple(header for header in headers if header[0] != name)
        return key, data, kept if value is None else (*kept, (name, value))

    return changed


UNREADABLE: dict[str, Callable[[Record], Record]] = {
    "no headers": lambda record: (record[0], record[1], ()),
    "no key": lambda record: (None, *record[1:]),
    "an empty key": lambda record: (b"", *record[1:]),
    "a key that is not UTF-8": lambda record: (b"\xff\xfe" + new_id().encode(), *record[1:]),
    "a key with a NUL": lambda record: (new_id().encode() + b"\x00", *record[1:]),
    "a key of a megabyte": lambda record: (b"k" * 1_000_000, *record[1:]),
    "no id": _with("ce_id", None),
    "an id with a NUL": _with("ce_id", b"\x00"),
    "an id that is not UTF-8": _with("ce_id", b"\xff"),
    "no type": _with("ce_type", None),
    "a type of a megabyte": _with("ce_type", b"t" * 1_000_000),
    "another specification": _with("ce_specversion", b"0.3"),
    "no version": _with("ce_streamversion", None),
    "version 0": _with("ce_streamversion", b"0"),
    "version -1": _with("ce_streamversion", b"-1"),
    "a version that is no number": _with("ce_streamversion", b"first"),
    "a version that no column holds": _with("ce_streamversion", str(2**63).encode()),
    "a version of five thousand digits": _with("ce_streamversion", b"9" * 5000),
    "a time without an offset": _with("ce_time", b"2026-11-02T10:14:00"),
    "a time that never was": _with("ce_time", b"2026-02-31T10:14:00Z"),
}
"""Nobody can say whose turn such a message would be."""
