"""Events -> entries of the log, a whole batch in one append, and the receipts that owners wait for.

Invariant: entries are appended in the order in which the events arrived; a receipt leaves in the transaction in which
everything it speaks of was appended.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from audit.domain.entries import drafts_of
from audit.operations.append import append
from audit.operations.erasure import erased_of, note_erasure
from audit.operations.projections import note_delivery, note_involvement, note_merge, note_unmerge
from audit.signing import Signer
from chassis import clock, outbox
from chassis.consumer import Apply, Received
from contracts.access import DeliveryRecordedV1
from contracts.caseload import PersonMergedV1, PersonUnmergedV1
from contracts.codes import Verdict
from contracts.consent import ErasureRecordedV1, InvolvementNotedV1
from contracts.decisions import OfferDecidedV1
from contracts.event import EventData
from contracts.log import ShareReceiptedV1
from contracts.topics import Topic

TOPICS = (Topic.CONSENT_EVENTS, Topic.ACCESS_EVENTS, Topic.CASELOAD_EVENTS)


def appending(signer: Signer) -> Apply:
    """The Apply of audit's consumer: one append for the batch, whatever is in it."""

    async def apply(session: AsyncSession, batch: Sequence[Received[EventData]]) -> None:
        now = clock.now()
        drafts = [draft for received in batch for draft in drafts_of(received.id, received.data)]
        indexes = await append(session, drafts, signer=signer, now=now)
        gone = await erased_of(session, [received.key for received in batch])
        gone |= {person for received in batch for person in _erases(received.data)}
        for received in batch:
            if received.key in gone and not isinstance(received.data, ErasureRecordedV1):
                continue
            if note := NOTES.get(type(received.data)):
                await note(session, received, indexes)
        receipts = [
            receipt_of(received.data, indexes) for received in batch if isinstance(received.data, OfferDecidedV1)
        ]
        await outbox.emit_all(session, receipts, now=now)

    return apply


def _erases(event: EventData) -> Sequence[str]:
    """Whom an event erases: of the same batch nothing is noted about them, whichever topic it came first on."""
    return event.person_ids if isinstance(event, ErasureRecordedV1) else ()


def receipt_of(event: OfferDecidedV1, indexes: Mapping[str, int]) -> ShareReceiptedV1:
    """What the offer's owner is told: that everything decided about it is in the log, and how it was."""
    permitted = [d.recipient for d in event.decisions if d.verdict is Verdict.PERMITTED]
    refused = [d.recipient for d in event.decisions if d.verdict is Verdict.REFUSED]
    return ShareReceiptedV1(
        person_id=event.person_id,
        offer_id=event.offer_id,
        source=event.source,
        category=event.category,
        subject_ref=event.subject_ref,
        version=event.version,
        permitted=len(permitted),
        refused=len(refused),
        index=min((indexes[decision.share_id] for decision in event.decisions), default=None),
        permitted_to=tuple(permitted),
        refused_to=tuple(refused),
        at=event.at,
    )


async def _on_delivery(session: AsyncSession, received: Received[DeliveryRecordedV1], _: Mapping[str, int]) -> None:
    await note_delivery(session, received.data)


async def _on_involvement(
    session: AsyncSession, received: Received[InvolvementNotedV1], indexes: Mapping[str, int]
) -> None:
    await note_involvement(session, received.data, index=indexes[received.id])


async def _on_erasure(session: AsyncSession, received: Received[ErasureRecordedV1], _: Mapping[str, int]) -> None:
    await note_erasure(session, received.data, now=received.time)


async def _on_merge(session: AsyncSession, received: Received[PersonMergedV1], _: Mapping[str, int]) -> None:
    await note_merge(session, received.data)


async def _on_unmerge(session: AsyncSession, received: Received[PersonUnmergedV1], _: Mapping[str, int]) -> None:
    await note_unmerge(session, received.data)


NOTES: Mapping[type[EventData], Callable[[AsyncSession, Any, Mapping[str, int]], Awaitable[None]]] = {
    DeliveryRecordedV1: _on_delivery,
    InvolvementNotedV1: _on_involvement,
    ErasureRecordedV1: _on_erasure,
    PersonMergedV1: _on_merge,
    PersonUnmergedV1: _on_unmerge,
}
"""What an event changes beside the log."""
