"""Dates in bulk by a client that lives through faults: the same request under the same key until each line is finished.

Invariant: what a line was answered once, it is answered in every later try. AssertionError where it is not.
"""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from chassis.http_client import Answer, Streamed, UpstreamUnavailable
from chassis.ids import new_id
from tests.faults.client import PatientDesk
from tests.system.world import Person

CHUNK = 1_000
"""Lines that the gateway hands on, and answers, together."""
_FILLING = b"{}\n" * (CHUNK - 1)
"""Lines that are rejected at once. Behind a date they fill its chunk: an answer can break off before the next."""


@dataclass
class BulkRequest:
    """`dates` in this order. `applied` holds the release id of each line that has been answered, by its number."""

    desk: PatientDesk
    dates: Sequence[tuple[Person, date]]
    applied: dict[int, str] = field(default_factory=dict)
    _key: str = field(default_factory=new_id)

    async def push(self) -> list[str]:
        """Asks until every date was answered `applied`; the release id of each."""
        while len(self.applied) < len(self.dates):
            await self.desk.until_answered(self._once, "POST release-dates/bulk")
        return [release_id for _, release_id in sorted(self.applied.items())]

    async def _once(self) -> Answer:
        """One try. Raises UpstreamUnavailable where it broke off, or an owner did not take a line."""
        async with self.desk.bulk(self._body(), key=self._key) as streamed:
            if streamed.status != 200:
                return await streamed.whole()
            count = 0
            try:
                async for result in _results(streamed):
                    count += 1
                    self._note(count, result)
            except UpstreamUnavailable:
                self.desk.answers.broken_off += bool(count)
                raise
        assert count == CHUNK * (len(self.dates) - 1) + 1, f"{count} results in an answer that did not break off"
        return Answer(streamed.status, streamed.headers, b"")

    def _note(self, count: int, result: dict[str, Any]) -> None:
        assert result["line"] == count, f"line {count} is answered as {result['line']}"
        if count % CHUNK != 1:
            assert result["outcome"] == "rejected", result
        elif (result["outcome"], result.get("code")) == ("rejected", UpstreamUnavailable().code):
            raise UpstreamUnavailable
        else:
            assert result["outcome"] == "applied", f"{result}, after {self.applied}"
            assert self.applied.setdefault(count, result["release_id"]) == result["release_id"], result
            self.desk.answers.applied += 1

    async def _body(self) -> AsyncIterator[bytes]:
        for number, (person, day) in enumerate(self.dates):
            if number:
                yield _FILLING
            yield _line(person, day)


async def _results(streamed: Streamed) -> AsyncIterator[dict[str, Any]]:
    rest = b""
    async for piece in streamed.pieces():
        *complete, rest = (rest + piece).split(b"\n")
        for line in complete:
            yield json.loads(line)
    assert not rest, "the last line is not whole"


def _line(person: Person, day: date) -> bytes:
    said = {"person": f"noms:{person.noms}", "date_type": "CRD", "date": day.isoformat()}
    return json.dumps({**said, "status": "confirmed", "reason": "recalculation"}).encode() + b"\n"
