"""Events of others -> operations. A batch takes the locks of all its persons first, in id order, as bulk pushes do."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from chassis import clock
from chassis.consumer import Handler, Received, Together, dispatch
from chassis.forgetting import without_erased
from chassis.outbox import on_share_receipted
from contracts.caseload import AgencyRegisteredV1, CustodyChangedV1, PersonErasedV1, PersonMergedV1, PersonUnmergedV1
from contracts.event import EventData
from contracts.log import ShareReceiptedV1
from release_notify.operations.custody import move, receive_new
from release_notify.operations.erasure import erase
from release_notify.operations.merges import merge, part_others, unmerge
from release_notify.operations.national import register_agency
from release_notify.queries.states import erased_of, lock_persons


async def on_agency_registered(session: AsyncSession, received: Received[AgencyRegisteredV1]) -> None:
    await register_agency(session, registered=received.data)


async def on_custody_changed(session: AsyncSession, run: Sequence[Received[CustodyChangedV1]]) -> None:
    moves = [received.data for received in run]
    taken = await receive_new(session, moves)
    for moved in moves:
        if moved.person_id not in taken:
            await move(session, moved, now=clock.now())


async def on_person_merged(session: AsyncSession, received: Received[PersonMergedV1]) -> None:
    await merge(session, received.data, now=clock.now())


async def on_person_unmerged(session: AsyncSession, received: Received[PersonUnmergedV1]) -> None:
    await unmerge(session, received.data, now=clock.now())


async def on_person_erased(session: AsyncSession, received: Received[PersonErasedV1]) -> None:
    await part_others(session, received.data.person_ids, now=clock.now())
    await erase(session, received.data.person_ids, now=clock.now())


async def apply(session: AsyncSession, batch: Sequence[Received[EventData]]) -> None:
    """Applies a batch in the consumer's one transaction; what nobody handles here does not cut a run in two.

    Of who was erased, by this batch or before, nothing is taken in.
    """
    batch = [received for received in batch if type(received.data) in HANDLERS]
    await lock_persons(session, [person_id for received in batch for person_id in _persons(received.data)])
    gone = await erased_of(session, [received.key for received in batch])
    await _dispatched(session, without_erased(batch, gone))


def _persons(data: EventData) -> tuple[str, ...]:
    if isinstance(data, CustodyChangedV1):
        return (data.person_id,)
    if isinstance(data, PersonMergedV1 | PersonUnmergedV1):
        return (data.kept_id, data.removed_id)
    if isinstance(data, PersonErasedV1):
        return data.person_ids
    return ()


HANDLERS: dict[type[EventData], Handler] = {
    AgencyRegisteredV1: on_agency_registered,
    CustodyChangedV1: Together(on_custody_changed),
    PersonMergedV1: on_person_merged,
    PersonUnmergedV1: on_person_unmerged,
    PersonErasedV1: on_person_erased,
    ShareReceiptedV1: on_share_receipted,
}

_dispatched = dispatch(HANDLERS)
