"""Events of others -> operations. A batch takes the locks of all its persons first, in id order."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from chassis import clock
from chassis.consumer import Handler, Received, Together, dispatch
from chassis.outbox import on_share_receipted
from contracts.caseload import AgencyRegisteredV1, PersonMergedV1, PersonUnmergedV1
from contracts.event import EventData
from contracts.log import ShareReceiptedV1
from contracts.release import ReleaseDateChangedV1
from referral.operations.merges import merge, unmerge
from referral.operations.receipts import note_receipt
from referral.operations.register import register_agency
from referral.operations.releases import move_release
from referral.queries.persons import lock_persons


async def on_agency_registered(session: AsyncSession, received: Received[AgencyRegisteredV1]) -> None:
    await register_agency(session, registered=received.data)


async def on_person_merged(session: AsyncSession, received: Received[PersonMergedV1]) -> None:
    await merge(session, received.data, now=clock.now())


async def on_person_unmerged(session: AsyncSession, received: Received[PersonUnmergedV1]) -> None:
    await unmerge(session, received.data, now=clock.now())


async def on_release_date_changed(session: AsyncSession, received: Received[ReleaseDateChangedV1]) -> None:
    await move_release(session, received.data, now=clock.now())


async def on_receipts(session: AsyncSession, run: Sequence[Received[ShareReceiptedV1]]) -> None:
    """Frees the bulk window for all of them at once; each then moves what it is about."""
    await on_share_receipted.handler(session, run)
    for received in run:
        await note_receipt(session, received.data, now=clock.now())


async def apply(session: AsyncSession, batch: Sequence[Received[EventData]]) -> None:
    """Applies a batch in the consumer's one transaction."""
    await lock_persons(session, [person_id for received in batch for person_id in _persons(received.data)])
    await _dispatched(session, batch)


def _persons(data: EventData) -> tuple[str, ...]:
    if isinstance(data, ShareReceiptedV1 | ReleaseDateChangedV1):
        return (data.person_id,)
    if isinstance(data, PersonMergedV1 | PersonUnmergedV1):
        return (data.kept_id, data.removed_id)
    return ()


HANDLERS: dict[type[EventData], Handler] = {
    AgencyRegisteredV1: on_agency_registered,
    PersonMergedV1: on_person_merged,
    PersonUnmergedV1: on_person_unmerged,
    ReleaseDateChangedV1: on_release_date_changed,
    ShareReceiptedV1: Together(on_receipts),
}

_dispatched = dispatch(HANDLERS)
