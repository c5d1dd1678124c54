"""What caseload says, and consent passes on, when a person is erased."""

from collections.abc import Sequence
from datetime import datetime

from chassis.ids import new_id
from contracts.caseload import PersonErasedV1
from contracts.codes import ErasureReason
from contracts.consent import ErasureRecordedV1
from contracts.event import EventData

HEARD = ("in one batch", "one by one", "erasure first")
"""How an undone merge and the erasure of its kept number can be heard: in one stream, or in two where that number was
merged in its turn."""


def batches(heard: str, parted: EventData, erased: EventData) -> Sequence[tuple[EventData, ...]]:
    """The two as they are heard so."""
    if heard == "in one batch":
        return [(parted, erased)]
    return [(erased,), (parted,)] if heard == "erasure first" else [(parted,), (erased,)]


def person_erased(*ids: str, at: datetime) -> PersonErasedV1:
    """The first id is the person's, the others were merged into it."""
    return PersonErasedV1(
        person_id=ids[0],
        person_ids=ids,
        erasure_id=new_id(),
        reason=ErasureReason.RETENTION_ENDED,
        by="operator",
        member="o.lindqvist",
        at=at,
    )


def erasure_recorded(*ids: str, at: datetime, subjects: tuple[str, ...] = ()) -> ErasureRecordedV1:
    return ErasureRecordedV1(**person_erased(*ids, at=at).model_dump(exclude={"once_with"}), subjects=subjects)
