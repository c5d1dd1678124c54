"""The projector's one handler: every message of both its topics goes onto one board."""

from collections.abc import Callable, Sequence

from prometheus_client import Counter
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import clock, logging
from chassis.consumer import Apply, Received
from chassis.stream import Message
from contracts.event import EventData
from contracts.log import LogAppendedV1
from contracts.log_proof import VerifierKey
from gateway.domain.proof import erases_as_signed, has_turn, is_signed
from gateway.operations.project import project

log = logging.get(__name__)

SHOWN = Counter("throughgate_projector_shown_total", "Shares that were put into a feed.")
BLANKED = Counter("throughgate_projector_blanked_total", "Shares that were blanked, or born so.")
DOUBTED = Counter("throughgate_projector_doubted_total", "Entries that hid themselves.", ["why"])


def believing(key: VerifierKey) -> Callable[[Message], bool]:
    """Whether a message of the log's topic is the log's own; one that is not takes no turn from one that is."""

    def believes(message: Message) -> bool:
        why = _unlike(message, key)
        if why is not None:
            DOUBTED.labels(why).inc()
            log.error("projector.message_doubted", stream_version=message.envelope.version, code=why)
        return why is None

    return believes


def _unlike(message: Message, key: VerifierKey) -> str | None:
    """What a message has that none of the log's has; None if it is the log's."""
    if message.envelope.type != LogAppendedV1.TYPE:
        return "type"
    try:
        batch = LogAppendedV1.model_validate_json(message.value)
    except ValidationError:
        return "shape"
    if message.key != batch.log or not is_signed(batch, key=key):
        return "signature"
    if not has_turn(batch, version=message.envelope.version, key=key):
        return "turn"
    return None if erases_as_signed(batch) else "erasure"


def projecting(key: VerifierKey) -> Apply:
    """An Apply that shows only what this key signed."""

    async def apply(session: AsyncSession, batch: Sequence[Received[EventData]]) -> None:
        done = await project(session, batch, key=key, now=clock.now())
        SHOWN.inc(done.shown)
        BLANKED.inc(done.hidden)
        for doubt in done.doubts:
            DOUBTED.labels(doubt.why).inc()

    return apply
