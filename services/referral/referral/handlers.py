"""Events of others -> operations. A batch takes the locks of all its persons first, in id order.

A receipt is of the number that consent had for the person then: whose the thing is here may be another yet.
"""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from chassis import clock
from chassis.consumer import Handler, Received, Together, dispatch
from chassis.forgetting import without_erased
from chassis.outbox import on_share_receipted
from contracts.caseload import AgencyRegisteredV1, PersonErasedV1, PersonMergedV1, PersonUnmergedV1
from contracts.codes import Category
from contracts.event import EventData
from contracts.log import ShareReceiptedV1
from contracts.release import ReleaseDateChangedV1
from referral.operations.erasure import erase
from referral.operations.merges import merge, part_others, unmerge
from referral.operations.receipts import note_receipts
from referral.operations.register import register_agency
from referral.operations.releases import move_releases
from referral.operations.screening_receipts import note_screenings
from referral.queries.persons import erased_of, lock_with_subjects

MOVED_BY_RECEIPTS = frozenset({Category.REFERRAL, Category.REFERRAL_STATUS, Category.KNOWN_TO_SERVICE})
"""Categories whose subjects are rows here that their receipts change."""


async def on_agency_registered(session: AsyncSession, received: Received[AgencyRegisteredV1]) -> None:
    await register_agency(session, registered=received.data)


async def on_person_merged(session: AsyncSession, received: Received[PersonMergedV1]) -> None:
    await merge(session, received.data, now=clock.now())


async def on_person_unmerged(session: AsyncSession, received: Received[PersonUnmergedV1]) -> None:
    await unmerge(session, received.data, now=clock.now())


async def on_release_dates_changed(session: AsyncSession, run: Sequence[Received[ReleaseDateChangedV1]]) -> None:
    await move_releases(session, [received.data for received in run], now=clock.now())


async def on_receipts(session: AsyncSession, run: Sequence[Received[ShareReceiptedV1]]) -> None:
    await on_share_receipted.handler(session, run)
    gone, now = await erased_of(session, [received.key for received in run]), clock.now()
    receipts = [received.data for received in run if received.key not in gone]
    await note_receipts(session, receipts, now=now)
    await note_screenings(session, receipts, now=now)


async def on_person_erased(session: AsyncSession, received: Received[PersonErasedV1]) -> None:
    await part_others(session, received.data.person_ids, now=clock.now())
    await erase(session, received.data.person_ids, now=clock.now())


async def apply(session: AsyncSession, batch: Sequence[Received[EventData]]) -> None:
    """Applies a batch in the consumer's one transaction; what nobody handles here does not cut a run in two.

    Of who was erased, by this batch or before, nothing is taken in.
    """
    batch = [received for received in batch if type(received.data) in HANDLERS]
    persons = [person_id for received in batch for person_id in _persons(received.data)]
    await lock_with_subjects(session, persons, [each for received in batch for each in _subjects(received.data)])
    gone = await erased_of(session, [received.key for received in batch])
    await _dispatched(session, without_erased(batch, gone))


def _persons(data: EventData) -> tuple[str, ...]:
    if isinstance(data, ShareReceiptedV1 | ReleaseDateChangedV1):
        return (data.person_id,)
    if isinstance(data, PersonMergedV1 | PersonUnmergedV1):
        return (data.kept_id, data.removed_id)
    if isinstance(data, PersonErasedV1):
        return data.person_ids
    return ()


def _subjects(data: EventData) -> tuple[str, ...]:
    if isinstance(data, ShareReceiptedV1) and data.category in MOVED_BY_RECEIPTS:
        return (data.subject_ref,)
    return ()


HANDLERS: dict[type[EventData], Handler] = {
    AgencyRegisteredV1: on_agency_registered,
    PersonMergedV1: on_person_merged,
    PersonUnmergedV1: on_person_unmerged,
    PersonErasedV1: on_person_erased,
    ReleaseDateChangedV1: Together(on_release_dates_changed),
    ShareReceiptedV1: Together(on_receipts),
}

_dispatched = dispatch(HANDLERS)
