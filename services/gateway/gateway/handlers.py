"""The projector's one handler: every message of both its topics goes onto one board."""

from collections.abc import Sequence

from prometheus_client import Counter
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import clock
from chassis.consumer import Apply, Received
from contracts.event import EventData
from contracts.log_proof import VerifierKey
from gateway.operations.project import project

SHOWN = Counter("throughgate_projector_shown_total", "Shares that were put into a feed.")
BLANKED = Counter("throughgate_projector_blanked_total", "Shares that were blanked, or born so.")
DOUBTED = Counter("throughgate_projector_doubted_total", "Entries that hid themselves.", ["why"])


def projecting(key: VerifierKey) -> Apply:
    """An Apply that shows only what this key signed."""

    async def apply(session: AsyncSession, batch: Sequence[Received[EventData]]) -> None:
        done = await project(session, batch, key=key, now=clock.now())
        SHOWN.inc(done.shown)
        BLANKED.inc(done.hidden)
        for doubt in done.doubts:
            DOUBTED.labels(doubt.why).inc()

    return apply
