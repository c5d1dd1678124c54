"""Events -> facts -> decisions, a whole batch in one transaction.

Invariant: the policy's lock is taken first, then every person of the batch in id order, then facts are changed, then
each person is decided once; two versions of one subject are never folded into one.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import clock, outbox
from chassis.consumer import Received
from chassis.forgetting import about
from consent.models import InvolvementRow, OfferRow, PersonRow
from consent.operations.deciding import decide_and_emit
from consent.operations.erasure import erase
from consent.operations.facts import note_involvement, note_mappa, take_offer
from consent.operations.merges import merge, others_of, part_others, unmerge
from consent.operations.persons import Taken, take
from consent.operations.policy import register_agencies
from consent.queries.policy import Snapshot, lock_policy, shared_snapshot, snapshot
from consent.queries.standing import Subject, subject_of
from contracts.caseload import (
    AgencyRegisteredV1,
    InvolvementChangedV1,
    MappaChangedV1,
    PersonErasedV1,
    PersonMergedV1,
    PersonUnmergedV1,
)
from contracts.decisions import OfferDecidedV1
from contracts.event import EventData
from contracts.offers import OfferMadeV1
from contracts.topics import Topic

K = TypeVar("K")
R = TypeVar("R", OfferRow, InvolvementRow)

TOPICS = (Topic.CASELOAD_EVENTS, Topic.OFFERS)


@dataclass
class Batch:
    """A batch under way: what is locked and known, who is to be decided, what the log hears before."""

    session: AsyncSession
    now: datetime
    snapshot: Snapshot
    taken: Taken
    offers: dict[Subject, OfferRow]
    involvements: dict[str, InvolvementRow]
    touched: dict[str, PersonRow] = field(default_factory=dict)
    fresh: set[Subject] = field(default_factory=set)
    notes: list[EventData] = field(default_factory=list)

    def touch(self, *persons: PersonRow) -> None:
        self.touched |= {person.id: person for person in persons}

    async def decide(self) -> None:
        """Decides who was touched so far."""
        persons = [row for row in self.touched.values() if row.alias_of is None]
        if persons:
            await decide_and_emit(self.session, persons, snapshot=self.snapshot, now=self.now, before=self.notes)
        else:
            await outbox.emit_all(self.session, self.notes, now=self.now)
        self.touched, self.fresh, self.notes = {}, set(), []


async def apply(session: AsyncSession, batch: Sequence[Received[EventData]]) -> None:
    """The Apply of consent's consumer."""
    now = clock.now()
    events = [received.data for received in batch]
    agencies = [event.agency for event in events if isinstance(event, AgencyRegisteredV1)]
    if agencies:
        await lock_policy(session)
        await register_agencies(session, agencies=agencies, now=now)
        current = await snapshot(session)
    else:
        current = await shared_snapshot(session)
    handled = [event for event in events if type(event) in HANDLERS]
    if not handled:
        return
    numbers = {number for event in handled for number in numbers_in(event)}
    erased = {number for event in handled if isinstance(event, PersonErasedV1) for number in event.person_ids}
    others = await _holders(session, handled) | await others_of(session, erased)
    taken = await take(session, numbers | others, now=now)
    gone = {number for number in numbers if taken.by_number[number].erased_at is not None} | erased
    under_way = Batch(
        session, now, current, taken, await _known_offers(session, handled), await _known_involvements(session, handled)
    )
    for event in handled:
        if persons_of_event(event) <= gone and not isinstance(event, PersonErasedV1):
            answer_of_nobody(under_way, event)
        else:
            await HANDLERS[type(event)](under_way, event)
    await under_way.decide()


def numbers_in(event: EventData) -> tuple[str, ...]:
    """The person numbers that an event names."""
    if isinstance(event, PersonMergedV1 | PersonUnmergedV1):
        return event.kept_id, event.removed_id
    if isinstance(event, PersonErasedV1):
        return event.person_ids
    return (event.person_id if isinstance(event, OfferMadeV1) else event.key,)


def persons_of_event(event: EventData) -> set[str]:
    """The numbers that the event is about, as they were written; one that is there is enough for it to be taken in."""
    return {event.person_id} if isinstance(event, OfferMadeV1) else about(event)


def answer_of_nobody(batch: Batch, event: EventData) -> None:
    """Nothing is taken in about who was erased. An offer is answered, as its owner waits for that."""
    if isinstance(event, OfferMadeV1):
        considered(batch, event, event.person_id)


def considered(batch: Batch, event: OfferMadeV1, person_id: str) -> None:
    """Tells the offer's owner that it was considered, and that nothing is new."""
    source = batch.snapshot.agencies.get(event.source)
    if source is None:
        return
    batch.notes.append(
        OfferDecidedV1(
            person_id=person_id,
            offer_id=event.offer_id,
            source=event.source,
            source_kind=source.kind,
            category=event.category,
            subject_ref=event.subject_ref,
            version=event.version,
            type=event.type,
            occurred_at=event.occurred_at,
            decisions=(),
            at=batch.now,
        )
    )


async def on_offer_made(batch: Batch, event: OfferMadeV1) -> None:
    subject = (str(event.category), event.subject_ref)
    if subject in batch.fresh:
        await batch.decide()
    person = batch.taken.by_number[event.person_id]
    before = batch.offers.get(subject)
    holder = person if before is None else batch.taken.by_number[before.person_id]
    if await take_offer(batch.session, event=event, known=batch.offers, person=person, now=batch.now):
        batch.fresh.add(subject)
        batch.touch(person, holder)
    else:
        considered(batch, event, person.id)


async def on_involvement_changed(batch: Batch, event: InvolvementChangedV1) -> None:
    person = batch.taken.by_number[event.person_id]
    batch.notes.append(
        note_involvement(batch.session, event=event, known=batch.involvements, person=person, now=batch.now)
    )
    batch.touch(person)


async def on_mappa_changed(batch: Batch, event: MappaChangedV1) -> None:
    person = batch.taken.by_number[event.person_id]
    await note_mappa(batch.session, event=event, person=person, now=batch.now)
    batch.touch(person)


async def on_person_merged(batch: Batch, event: PersonMergedV1) -> None:
    await batch.decide()
    merged = await merge(
        batch.session,
        kept=event.kept_id,
        removed=event.removed_id,
        merged_at=event.at,
        taken=batch.taken,
        now=batch.now,
    )
    batch.touch(*merged)
    await _reread(batch)


async def on_person_unmerged(batch: Batch, event: PersonUnmergedV1) -> None:
    await batch.decide()
    parted = await unmerge(
        batch.session, removed=event.removed_id, parted_at=event.at, taken=batch.taken, now=batch.now
    )
    batch.touch(*parted)
    await _reread(batch)


async def on_person_erased(batch: Batch, event: PersonErasedV1) -> None:
    await batch.decide()
    if parted := await part_others(batch.session, event.person_ids, taken=batch.taken, now=batch.now):
        batch.touch(*parted)
        await _reread(batch)
        await batch.decide()
    await erase(batch.session, event=event, now=batch.now)
    _forget(batch.session, batch.offers, event.person_ids)
    _forget(batch.session, batch.involvements, event.person_ids)


def _forget(session: AsyncSession, known: dict[K, R], ids: Sequence[str]) -> None:
    """Rows that were erased are no longer known."""
    gone = [name for name, row in known.items() if {row.person_id, row.recorded_person_id} & set(ids)]
    for name in gone:
        session.expunge(known.pop(name))


async def _reread(batch: Batch) -> None:
    """Rows that a merge moved are read again, so that nothing is written over them."""
    for row in (*batch.offers.values(), *batch.involvements.values()):
        await batch.session.refresh(row)


def _subjects(events: Sequence[EventData]) -> list[Subject]:
    return [(str(event.category), event.subject_ref) for event in events if isinstance(event, OfferMadeV1)]


async def _holders(session: AsyncSession, events: Sequence[EventData]) -> set[str]:
    """Who has the subjects that are offered anew; before any lock, so that all are taken in one order.

    One that is moved before the locks are there fails the batch, which is tried again.
    """
    if not (subjects := _subjects(events)):
        return set()
    holders = select(OfferRow.person_id)  # type: ignore[call-overload]
    held = holders.where(tuple_(OfferRow.category, OfferRow.subject_ref).in_(subjects))
    return set(await session.scalars(held))


async def _known_offers(session: AsyncSession, events: Sequence[EventData]) -> dict[Subject, OfferRow]:
    if not (subjects := _subjects(events)):
        return {}
    statement = (
        select(OfferRow)
        .where(tuple_(OfferRow.category, OfferRow.subject_ref).in_(subjects))
        .execution_options(populate_existing=True)
    )
    return {subject_of(row): row for row in await session.scalars(statement)}


async def _known_involvements(session: AsyncSession, events: Sequence[EventData]) -> dict[str, InvolvementRow]:
    ids = [event.involvement_id for event in events if isinstance(event, InvolvementChangedV1)]
    if not ids:
        return {}
    statement = (
        select(InvolvementRow)
        .where(InvolvementRow.id.in_(ids))  # type: ignore[attr-defined]
        .execution_options(populate_existing=True)
    )
    return {row.id: row for row in await session.scalars(statement)}


HANDLERS: Mapping[type[EventData], Callable[[Batch, Any], Awaitable[None]]] = {
    OfferMadeV1: on_offer_made,
    InvolvementChangedV1: on_involvement_changed,
    MappaChangedV1: on_mappa_changed,
    PersonMergedV1: on_person_merged,
    PersonUnmergedV1: on_person_unmerged,
    PersonErasedV1: on_person_erased,
}
"""Facts about persons; agencies are taken over before any of them."""
