"""Facts that events tell: involvement, MAPPA, offers. Each changes the locked person's rows and is decided after."""

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from consent.models import InvolvementRow, MappaRow, OfferRow, PersonRow, ReviewRow, ShareRow
from consent.operations.persons import tick
from consent.queries.standing import Subject
from contracts.caseload import InvolvementChangedV1, MappaChangedV1
from contracts.consent import InvolvementNotedV1
from contracts.offers import OfferMadeV1


def note_involvement(
    session: AsyncSession,
    *,
    event: InvolvementChangedV1,
    known: dict[str, InvolvementRow],
    person: PersonRow,
    now: datetime,
) -> InvolvementNotedV1:
    """Takes over an involvement's whole new state; returns what the log hears of it."""
    at = tick(person, now)
    row = known.get(event.involvement_id)
    if row is None:
        row = known[event.involvement_id] = InvolvementRow(
            id=event.involvement_id,
            person_id=person.id,
            recorded_person_id=event.person_id,
            agency=event.agency,
            state=event.state,
            roles=list(event.roles),
            since=event.since,
            until=event.until,
            version=person.version,
        )
        session.add(row)
    else:
        row.person_id = person.id
        row.agency, row.state, row.roles = event.agency, event.state, list(event.roles)
        row.since, row.until, row.version = event.since, event.until, person.version
    return InvolvementNotedV1(
        person_id=person.id,
        involvement_id=event.involvement_id,
        agency=event.agency,
        state=event.state,
        roles=event.roles,
        via=event.via,
        confirmed_by=event.confirmed_by,
        member=event.claimed_by,
        since=event.since,
        at=at,
    )


async def note_mappa(session: AsyncSession, *, event: MappaChangedV1, person: PersonRow, now: datetime) -> None:
    """Takes over what an agency says about management under MAPPA."""
    tick(person, now)
    row = await session.get(MappaRow, (event.person_id, event.agency))
    if row is None:
        row = MappaRow(
            recorded_person_id=event.person_id,
            agency=event.agency,
            person_id=person.id,
            managed=event.managed,
            until=event.until,
            version=person.version,
        )
        session.add(row)
    row.managed, row.until, row.version = event.managed, event.until, person.version


async def take_offer(
    session: AsyncSession, *, event: OfferMadeV1, known: dict[Subject, OfferRow], person: PersonRow, now: datetime
) -> bool:
    """Keeps the offer if it is newer than what is kept of its subject; False if it is not.

    Its owner may name another person before it is heard here that two were merged or parted: what was shared of the
    subject is then that person's too. Both are locked.
    """
    subject = (str(event.category), event.subject_ref)
    row = known.get(subject)
    if row is not None and event.version <= row.version:
        return False
    tick(person, now)
    if row is None:
        row = known[subject] = OfferRow(
            category=event.category,
            subject_ref=event.subject_ref,
            person_id=person.id,
            recorded_person_id=event.person_id,
            offer_id=event.offer_id,
            source=event.source,
            version=event.version,
            type=event.type,
            content=event.content,
            occurred_at=event.occurred_at,
            answered=False,
        )
        session.add(row)
    elif (row.person_id, row.recorded_person_id) != (person.id, event.person_id):
        row.recorded_person_id = event.person_id
        for table in (ShareRow, ReviewRow):
            await session.execute(
                update(table)
                .where(table.category == event.category, table.subject_ref == event.subject_ref)  # type: ignore[arg-type]
                .values(person_id=person.id, recorded_person_id=event.person_id)
            )
    row.person_id, row.offer_id, row.source, row.version = person.id, event.offer_id, event.source, event.version
    row.type, row.content, row.occurred_at, row.answered = event.type, event.content, event.occurred_at, False
    row.addressees = None if event.addressees is None else [one.model_dump(mode="json") for one in event.addressees]
    row.emergency = None if event.emergency is None else event.emergency.model_dump(mode="json")
    row.referral = None if event.referral is None else event.referral.model_dump(mode="json")
    return True
