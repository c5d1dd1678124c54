"""Who is in an agency's view, looked at in the gateway's own rows all the while.

A client knows only when it was answered, and on a busy machine an answer takes longer than what it tells of.
"""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

import psycopg

from tests.support.stack import RunningStack
from throughgate.local.datadir import DataDir

EVERY_S = 0.02
_ASKING = "SELECT set_config('throughgate.agency', %s, false)"
_IN_VIEW = "SELECT DISTINCT person_id, clock_timestamp() FROM section"


@dataclass
class Watch:
    """`last` is when a person was last in the agency's view, by the database's clock, which is this machine's."""

    url: str
    agency: str
    last: dict[str, datetime] = field(default_factory=dict)
    looks: int = 0

    def run(self, stop: threading.Event) -> None:
        """Looks until told to stop, and once more."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(_ASKING, (self.agency,))
            while True:
                ending = stop.wait(EVERY_S)
                self.last.update(connection.execute(_IN_VIEW).fetchall())
                self.looks += 1
                if ending:
                    return

    def seconds_after(self, acknowledged: dict[str, datetime]) -> list[float]:
        """How long after these instants each of these persons was still in the view; in order."""
        after = [(self.last[person] - at).total_seconds() for person, at in acknowledged.items() if person in self.last]
        return sorted(max(0.0, seconds) for seconds in after)


@asynccontextmanager
async def watched(stack: RunningStack, agency: str) -> AsyncIterator[Watch]:
    """A watch on the agency's view while the block runs, read when it is over."""
    gateway = DataDir.at(stack.data_dir).read_stack().databases["gateway"]
    watch, stop = Watch(gateway.login_urls["gateway"], agency), threading.Event()
    looking = asyncio.create_task(asyncio.to_thread(watch.run, stop))
    try:
        yield watch
    finally:
        stop.set()
        await looking
