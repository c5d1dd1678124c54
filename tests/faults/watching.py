"""What is in an agency's view, looked at in the gateway's own rows all the while.

A client knows only when it was answered, and on a busy machine an answer takes longer than what it tells of. No time
that is told here is held against a clock: only against other times of the same run (`late`).
"""

import asyncio
import statistics
import threading
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

import psycopg

from tests.faults.own_rows import gateway_login, rows_as
from tests.support.stack import RunningStack

EVERY_S = 0.02
SLOWER = 2
LONGEST = 10
"""A withdrawal has a lane of its own and takes less time than a share. Twice as long is a fault; for the slowest, ten
times, because a machine that many use stands still now and then."""
_IN_VIEW = "SELECT share_id, person_id, clock_timestamp() FROM section"
_DENIED = "SELECT share_id FROM denial WHERE share_id = ANY(%s)"


@dataclass
class Stay:
    """A share's time in the view: when it was first and last found there, and in which looks."""

    person: str
    first: datetime
    last: datetime
    first_look: int
    last_look: int


@dataclass
class Watch:
    """`stays` is by share id, by the database's clock, which is this machine's. `returned` are shares that were gone
    and came again, `denied` those that were found although the gateway had been told before the look to hide them."""

    stays: dict[str, Stay] = field(default_factory=dict)
    returned: set[str] = field(default_factory=set)
    denied: set[str] = field(default_factory=set)
    looks: int = 0
    longest_pause_s: float = 0.0
    """Between two looks: how long this machine does nothing, or other things."""

    def run(self, stack: RunningStack, agency: str, stop: threading.Event) -> None:
        """Looks until told to stop, and once more."""
        with (
            rows_as(stack, agency) as views,
            psycopg.connect(gateway_login(stack, "gateway_projector"), autocommit=True) as denials,
        ):
            here: list[str] = []
            before = time.monotonic()
            while True:
                ending = stop.wait(EVERY_S)
                hidden = {share for (share,) in denials.execute(_DENIED, (here,))}
                found = views.execute(_IN_VIEW).fetchall()
                here = [share for share, _, _ in found]
                self.denied |= hidden & set(here)
                self.note(found)
                before, pause = time.monotonic(), time.monotonic() - before
                self.longest_pause_s = max(self.longest_pause_s, pause)
                if ending:
                    return

    def note(self, found: Sequence[tuple[str, str, datetime]]) -> None:
        """One more look, and what it found: shares, their persons, and when it was."""
        self.looks += 1
        for share, person, at in found:
            stay = self.stays.setdefault(share, Stay(person, at, at, self.looks, self.looks))
            if self.looks - stay.last_look > 1:
                self.returned.add(share)
            stay.last, stay.last_look = at, self.looks

    def seen_again(self, emptied: Mapping[str, datetime]) -> set[str]:
        """Persons who were in the view at this instant, then in a look were not, and then were again.

        Nothing on its way can do that: who is in the view leaves it when it is told to hide everything of theirs.
        """
        again = set()
        for person, at in emptied.items():
            stays = sorted(self._stays_of(person), key=lambda stay: stay.first_look)
            until = max(stay.last_look for stay in stays if stay.first <= at)
            for stay in stays:
                if stay.first > at and stay.first_look > until + 1:
                    again.add(person)
                until = max(until, stay.last_look)
        return again

    def came_after(self, pushed: Mapping[str, datetime]) -> list[float]:
        """How long after these instants each of these shares came into the view; in order."""
        return sorted(max(0.0, (self.stays[share].first - at).total_seconds()) for share, at in pushed.items())

    def went_after(self, emptied: Mapping[str, datetime]) -> list[float]:
        """How long after these instants anything was still to be seen of each of these persons; in order.

        Raises ValueError for a person who was never in the view: what was not there cannot go.
        """
        last = {person: max(stay.last for stay in self._stays_of(person)) for person in emptied}
        return sorted(max(0.0, (last[person] - at).total_seconds()) for person, at in emptied.items())

    def _stays_of(self, person: str) -> list[Stay]:
        return [stay for stay in self.stays.values() if stay.person == person]

    def between(self, person: str, since: datetime, until: datetime) -> list[Stay]:
        """What came into the view of this person between these instants."""
        return [stay for stay in self._stays_of(person) if since <= stay.first <= until]

    def outstayed(self, gone: Mapping[str, datetime]) -> list[float]:
        """How long after these instants each of these shares was to be seen that was ever in the view; in order."""
        stays = [(self.stays[share], at) for share, at in gone.items() if share in self.stays]
        return sorted(max(0.0, (stay.last - at).total_seconds()) for stay, at in stays)

    def late(self, *, went: Sequence[float], outstayed: Sequence[float], came: Sequence[float]) -> str | None:
        """Why what went did not go in time, measured by what came in the same run."""
        if statistics.median(went) > SLOWER * statistics.median(came):
            return f"views were emptied after {told(went)}, and show something after {told(came)}"
        if max([*went, *outstayed]) > LONGEST * max(came) + self.longest_pause_s:
            return f"views were emptied after {told(went)}, shares gone after {told(outstayed)}"
        return None


def told(seconds: Sequence[float]) -> str:
    return f"{statistics.median(seconds):.2f} s (median), {max(seconds):.2f} s (longest)"


@asynccontextmanager
async def watched(stack: RunningStack, agency: str) -> AsyncIterator[Watch]:
    """A watch on the agency's view while the block runs, read when it is over."""
    watch, stop = Watch(), threading.Event()
    looking = asyncio.create_task(asyncio.to_thread(watch.run, stack, agency, stop))
    try:
        yield watch
    finally:
        stop.set()
        await looking
