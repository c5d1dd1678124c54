"""Custody as a row, as a value and as the event that tells it: the three say the same."""

from datetime import datetime

from caseload.domain.custody import Custody
from caseload.models import CustodyRow
from chassis.ids import new_id
from contracts.caseload import CustodyChangedV1
from contracts.codes import CustodyStatus


def custody_row(person_id: str, custody: Custody) -> CustodyRow:
    """The row of a person's first movement, and the first version of their custody-status offer."""
    return CustodyRow(
        person_id=person_id,
        custody_id=custody.custody_id,
        status=custody.status,
        at=custody.at,
        prison=custody.prison,
        last_prison=custody.last_prison,
        movement_id=custody.movement_id,
        moved_at=custody.moved_at,
        offer_ref=new_id(),
        offer_version=1,
    )


def custody_value(row: CustodyRow | None) -> Custody | None:
    if row is None:
        return None
    return Custody(
        custody_id=row.custody_id,
        status=CustodyStatus(row.status),
        at=row.at,
        prison=row.prison,
        last_prison=row.last_prison,
        movement_id=row.movement_id,
        moved_at=row.moved_at,
    )


def changed_event(row: CustodyRow, *, previous: str | None, now: datetime) -> CustodyChangedV1:
    return CustodyChangedV1(
        person_id=row.person_id,
        movement_id=row.movement_id,
        custody_id=row.custody_id,
        status=CustodyStatus(row.status),
        prison=row.prison,
        previous_prison=previous,
        occurred_at=row.at,
        moved_at=row.moved_at,
        at=now,
    )
