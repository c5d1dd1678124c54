"""Sections and warnings: an agency's own facts, offered when they say something new."""

from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from caseload.domain.sections import ensure_may_write, mappa_of
from caseload.models import AgencyRow, Section, WarningRow
from caseload.operations.offers import section_offer, warning_offer
from caseload.queries import people
from caseload.queries.standing import standing_first
from chassis.auth import Actor, ensure_member
from chassis.ids import new_id
from chassis.outbox import emit_all
from contracts.caseload import MappaChangedV1
from contracts.codes import Category, WarningRisk
from contracts.content import Content, Mappa, RiskMarkersContent
from contracts.errors import Invalid
from contracts.event import EventData
from contracts.offers import Addressee


class InvalidAddressee(Invalid):
    """A warning goes to an agency of the register or to a kind of agency: exactly one of the two."""

    code = "invalid-addressee"


async def set_section(
    session: AsyncSession, *, person_id: str, category: Category, content: Content, actor: Actor, now: datetime
) -> tuple[Section, bool]:
    """Sets the agency's own facts of a category; returns them and whether they are the first. The same facts again
    change nothing: no version, no offer.
    """
    ensure_may_write(actor.kind, category)
    mappa = mappa_of(actor.kind, content) if isinstance(content, RiskMarkersContent) else None
    person_id = (await people.lock(session, [person_id]))[person_id]
    said = content.model_dump(mode="json", exclude_none=True)
    row = await _section(session, person_id, category, actor.agency)
    before: dict[str, Any] = row.content if row else {}
    is_first = row is None
    if row is not None and before == said:
        return row, False
    if row is None:
        row = Section(
            id=new_id(),
            person_id=person_id,
            recorded_person_id=person_id,
            agency=actor.agency,
            category=category,
            content=said,
            version=0,
            updated_at=now,
        )
    row.content, row.version, row.updated_at = said, row.version + 1, max(row.updated_at, now)
    session.add(row)
    await session.flush()
    told: list[EventData] = [section_offer(row, now=now)]
    if said.get("mappa") != before.get("mappa"):
        told.insert(0, mappa_event(row, mappa or Mappa(managed=False), now=now))
    await emit_all(session, told, now=now)
    return row, is_first


async def send_warning(
    session: AsyncSession,
    *,
    person_id: str,
    addressees: list[Addressee],
    risk: WarningRisk,
    text: str,
    justification: str,
    actor: Actor,
    now: datetime,
) -> WarningRow:
    """Sends an emergency push; needs a named member of staff and a justification (clause 9.1)."""
    member = ensure_member(actor)
    await _ensure_addressees(session, addressees)
    person_id = (await people.lock(session, [person_id]))[person_id]
    row = WarningRow(
        id=new_id(),
        person_id=person_id,
        recorded_person_id=person_id,
        agency=actor.agency,
        member=member,
        risk=risk,
        body=text,
        justification=justification,
        addressees=[each.model_dump(mode="json", exclude_none=True) for each in addressees],
        sent_at=now,
    )
    session.add(row)
    await session.flush()
    await emit_all(session, [warning_offer(row)], now=now)
    return row


async def _ensure_addressees(session: AsyncSession, addressees: list[Addressee]) -> None:
    named = [each.agency for each in addressees if each.agency is not None]
    known = set(await session.scalars(select(AgencyRow.id).where(col(AgencyRow.id).in_(named))))
    for index, each in enumerate(addressees):
        if (each.agency is None) == (each.kind is None) or (each.agency is not None and each.agency not in known):
            raise InvalidAddressee(pointer=f"/to/{index}")


async def _section(session: AsyncSession, person_id: str, category: Category, agency: str) -> Section | None:
    """The agency's section; of several (after a merge) the one that stands."""
    rows = await session.scalars(
        select(Section)
        .where(Section.person_id == person_id, Section.agency == agency, Section.category == category)
        .order_by(*standing_first(Section))
    )
    return rows.first()


def mappa_event(row: Section, mappa: Mappa, *, now: datetime) -> MappaChangedV1:
    """Under the number that the section was recorded under, as every word on it is."""
    return MappaChangedV1(
        person_id=row.recorded_person_id,
        agency=row.agency,
        managed=mappa.managed,
        level=mappa.level,
        category=mappa.category,
        until=mappa.until,
        at=now,
    )
