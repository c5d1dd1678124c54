"""Whatever stands in a bulk of release dates: a bad line stops no other, one result a line, and nothing comes back."""

import asyncio
import json
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from random import Random
from typing import Any

import httpx2
import pytest

from chassis.http import BODY_LIMIT, BULK_BODY_LIMIT
from chassis.ids import new_id
from contracts.http.gateway import BulkResult
from gateway.domain.bulk import MAX_LINE_BYTES
from tests.badinput.conftest import REQUESTS
from tests.badinput.made import BREAKERS, MARK, NASTY, spoilt
from tests.support.http import problem
from tests.support.pipe import Pipe
from tests.support.tokens import TOKENS

PRISON = ("hmp-northgate", "prison")
PIECE = 256 * 1024
MEGABYTE = 1024 * 1024
MILLION = 1_000_000


def said(number: int) -> dict[str, Any]:
    who = f"F{2000 + number % 7000:04d}UZ"
    return {
        "person": f"noms:{who}",
        "date_type": "CRD",
        "date": "2031-03-04",
        "status": "calculated",
        "reason": "first-calculation",
        "identifiers": [{"scheme": "noms", "value": who}],
        "name": {"family": "Fenwright", "given": "Oswin"},
        "date_of_birth": "1991-04-17",
    }


BAD: dict[str, bytes] = {
    "deep nesting": b'{"person":' + b"[" * 8_000 + b"]" * 8_000 + b"}",
    "deep and open": b"[" * 16_000,
    "a number without end": b'{"person":"noms:F2000UZ","sequence":' + b"9" * 5000 + b"}",
    "a huge number": json.dumps(said(1) | {"sequence": 10**400}).encode(),
    "no number": b'{"person":"noms:F2000UZ","sequence":NaN}',
    "bad UTF-8": b'{"person":"' + MARK.encode() + b'\xff\xc3\x28"}',
    "another encoding": '{"person":"Qzx9"}'.encode("utf-16").replace(b"\n", b""),
    "a NUL": b'{"person":"Qzx9\x00"}',
    "an escaped NUL": b'{"person":"noms:F2000UZ\\u0000Qzx9"}',
    "half of a pair": b'{"person":"noms:Qzx9\\ud800"}',
    "the same name twice": b'{"person":"noms:Qzx9","person":{"Qzx9":1}}',
    "a field nobody knows": json.dumps(said(1) | {f"{MARK}field": MARK}).encode(),
    "over the limit": b'{"person":"' + b"Q" * MAX_LINE_BYTES + b'"}',
    "far over the limit": b'{"person":"' + b"Q" * (3 * MAX_LINE_BYTES) + b'"}',
    "text": b"Qzx9",
    "a list": b'["Qzx9"]',
    "two on a line": b'{"person":"Qzx9"} {"person":"Qzx9"}',
}


async def bulk(pipe: Pipe, content: bytes | AsyncIterator[bytes]) -> httpx2.Response:
    headers = {**TOKENS.headers(*PRISON), "idempotency-key": new_id(), "content-type": "application/x-ndjson"}
    async with pipe.carrying():
        return await pipe.http.post("/prison/v1/release-dates/bulk", headers=headers, content=content, timeout=120)


def results(answer: httpx2.Response) -> list[BulkResult]:
    assert answer.status_code == 200, answer.text
    assert MARK not in answer.text
    return [BulkResult.model_validate_json(line) for line in answer.text.splitlines()]


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n\n", b'\n{"person":"noms:F20'], ids=["bare", "lf", "empty", "half"])
async def test_a_bad_line_stops_no_other(pipe: Pipe, end: bytes) -> None:
    lines: list[bytes] = []
    for number, bad in enumerate(BAD.values()):
        lines += [json.dumps(said(number)).encode(), bad, b"", b"  \r"]
    found = results(await bulk(pipe, b"\n".join(lines) + end))
    by_line = {each.line: each for each in found}
    half = {len(lines) + 1} if b"{" in end else set()
    assert set(by_line) == {n for n, line in enumerate(lines, 1) if line.strip()} | half
    assert list(by_line) == sorted(by_line)
    for number, what in enumerate(BAD):
        assert by_line[4 * number + 1].outcome in ("applied", "unchanged")
        assert by_line[4 * number + 2].outcome == "rejected", what
    assert all(by_line[number].outcome == "rejected" for number in half)


async def test_spoilt_lines_among_good_ones(pipe: Pipe) -> None:
    count = max(100, REQUESTS // 10)
    lines, good = [], []
    for seed in range(count):
        rng = Random(f"line {seed}")
        raw = json.dumps(said(seed)).encode()
        if rng.random() < 0.5:
            good.append(seed + 1)
        else:
            raw = json.dumps(spoilt(said(seed), rng)).encode()
            raw = rng.choice(BREAKERS)(raw) if rng.random() < 0.3 else raw
        lines.append(raw.replace(b"\n", b" ").replace(b"\r", b" ") or b" ")
    found = {each.line: each for each in results(await bulk(pipe, b"\n".join(lines)))}
    assert set(found) == {n for n, line in enumerate(lines, 1) if line.strip()}
    assert {found[number].outcome for number in good} <= {"applied", "unchanged"}


async def test_nasty_values_alone_are_rejected(pipe: Pipe) -> None:
    lines = [json.dumps(value).encode() for value in NASTY]
    found = results(await bulk(pipe, b"\n".join(lines)))
    assert [each.outcome for each in found] == ["rejected"] * len(lines)


async def _pieces(size: int, unit: bytes) -> AsyncIterator[bytes]:
    """So many bytes in pieces, of one line over and over; the last line is cut off where the bytes end."""
    block = unit * (PIECE // len(unit) + 2)
    sent = 0
    while sent < size:
        start = sent % len(unit)
        piece = block[start : start + min(PIECE, size - sent)]
        sent += len(piece)
        yield piece


async def test_one_byte_more_than_64_mib_is_too_large(pipe: Pipe) -> None:
    answer = await bulk(pipe, _pieces(BULK_BODY_LIMIT + 1, b"[" * (MEGABYTE - 1) + b"\n"))
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")


@pytest.mark.parametrize("sent_by", [PRISON, None])
async def test_a_length_that_is_announced_and_too_large_is_no_fault(
    pipe: Pipe, capsys: pytest.CaptureFixture[str], sent_by: tuple[str, str] | None
) -> None:
    headers = {"content-type": "application/json", **(TOKENS.headers(*sent_by) if sent_by else {})}
    answer = await pipe.http.post("/prison/v1/people/lookup", headers=headers, content=b"[" * (BODY_LIMIT + 1))
    assert problem(answer, 413, "too-large")["detail"] == "A body may be 1 MiB here at most."
    assert "http.unexpected" not in capsys.readouterr().out


async def test_64_mib_are_read_to_the_end(pipe: Pipe) -> None:
    found = results(await bulk(pipe, _pieces(BULK_BODY_LIMIT, b"[" * (MEGABYTE - 1) + b"\n")))
    assert [(each.line, each.code) for each in found] == [(n, "line-too-long") for n in range(1, 65)]


@pytest.mark.slow
@pytest.mark.timeout(0)
@pytest.mark.parametrize("unit", [b"{\n", b'{"person":"noms:F2000UZ"}\n', b"\n"], ids=["broken", "tiny", "empty"])
async def test_a_million_lines_take_no_more_room_than_a_thousand(pipe: Pipe, unit: bytes) -> None:
    few, many = await _peak(pipe, 1000, unit), await _peak(pipe, MILLION, unit)
    assert many < few + 16 * MEGABYTE, f"{few:,} bytes for a thousand, {many:,} for a million"


async def _peak(pipe: Pipe, count: int, unit: bytes) -> int:
    """How many bytes of memory the gateway took at the most, and that every line had its result; none is kept here."""
    headers = {**TOKENS.headers(*PRISON), "idempotency-key": new_id(), "content-type": "application/x-ndjson"}
    seen = 0
    tracemalloc.start()
    try:
        seen = await _count(pipe, headers, _pieces(count * len(unit), unit))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert seen == (count if unit.strip() else 0)
    return peak


async def _count(pipe: Pipe, headers: dict[str, str], pieces: AsyncIterator[bytes]) -> int:
    """Speaks ASGI itself: a client would gather the whole answer."""
    seen, whole = 0, False

    async def receive() -> dict[str, Any]:
        nonlocal whole
        if whole:
            await asyncio.Event().wait()  # the client stays and says nothing more
        piece = await anext(pieces, b"")
        whole = not piece
        return {"type": "http.request", "body": piece, "more_body": not whole}

    async def send(message: Any) -> None:
        nonlocal seen
        if message["type"] == "http.response.start":
            assert message["status"] == 200
        else:
            seen += message.get("body", b"").count(b'"rejected"')

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/prison/v1/release-dates/bulk",
        "raw_path": b"/prison/v1/release-dates/bulk",
        "root_path": "",
        "query_string": b"",
        "headers": list(_raw(headers)),
        "client": ("127.0.0.1", 1),
        "server": ("test", 80),
    }
    await pipe.front(scope, receive, send)
    return seen


def _raw(headers: dict[str, str]) -> Iterator[tuple[bytes, bytes]]:
    for name, value in headers.items():
        yield name.lower().encode(), value.encode()
