"""Pushing what was read: batches through the bulk endpoint, outcomes counted, rejected lines kept for another try."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from chassis.ids import new_id
from throughgate.client import Desk, Refused
from throughgate.loading.formats import Line
from throughgate.loading.rejected import RejectedLines

BATCH = 2000


@dataclass
class Summary:
    """How many lines came to what, and why those that were rejected were."""

    outcomes: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)

    @property
    def lines(self) -> int:
        return sum(self.outcomes.values())

    def as_json(self) -> dict[str, Any]:
        return {"lines": self.lines, "outcomes": dict(self.outcomes), "rejected": dict(self.codes)}


async def push_all(
    desk: Desk,
    lines: Iterable[Line],
    *,
    rejected: RejectedLines,
    rate: float | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Summary:
    """Pushes every line, `rate` lines a second at most; writes the rejected ones, as they were, with their reason.

    Raises Refused and NotKept.
    """
    summary = Summary()
    clock = asyncio.get_running_loop().time
    started = clock()
    for batch in _batches(lines, BATCH if rate is None else max(1, min(BATCH, int(rate)))):
        readable = [line for line in batch if line.push is not None]
        for line in batch:
            if line.push is None:
                _reject(line, line.problem, "", summary, rejected)
        if readable:
            async for line, result in _push(desk, readable):
                if result["outcome"] == "rejected":
                    _reject(line, str(result.get("code", "")), str(result.get("detail", "")), summary, rejected)
                else:
                    summary.outcomes[str(result["outcome"])] += 1
        progress(len(batch))
        if rate is not None:
            await asyncio.sleep(max(0.0, started + summary.lines / rate - clock()))
    return summary


async def _push(desk: Desk, lines: list[Line]) -> AsyncIterator[tuple[Line, dict[str, Any]]]:
    key = new_id()
    for pause in (0.5, 1.0, 2.0, 4.0, None):
        async with desk.bulk(_encoded(lines), key=key) as streamed:
            if streamed.status == 200:
                text = (await streamed.whole()).body.decode()
                for line, result in zip(lines, map(json.loads, text.splitlines()), strict=True):
                    yield line, result
                return
            if streamed.status not in (409, 429, 503) or pause is None:
                raise Refused(await streamed.whole(), f"bulk as {desk.agency}")
        await asyncio.sleep(pause)


async def _encoded(lines: list[Line]) -> AsyncIterator[bytes]:
    for line in lines:
        yield json.dumps(line.push, separators=(",", ":")).encode() + b"\n"


def _reject(line: Line, code: str, detail: str, summary: Summary, rejected: RejectedLines) -> None:
    summary.outcomes["rejected"] += 1
    summary.codes[code] += 1
    pushed = {} if line.push is None else {"date_type": line.push.get("date_type")}
    rejected.write({"line": line.number, "code": code, "detail": detail, **pushed, "text": line.original})


def _batches(lines: Iterable[Line], size: int) -> Iterator[list[Line]]:
    iterator = iter(lines)
    while batch := list(islice(iterator, size)):
        yield batch
