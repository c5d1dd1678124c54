"""What a service keeps of messages about a person who was erased: their turns, and nothing that they said.

A message that waits, or that parked its stream, keeps its place and is passed over when its turn comes; so its stream
goes on by itself. Only topics whose messages are about one person each are looked at.
"""

from collections.abc import Collection, Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.consumer import Received
from chassis.giving_way import EMPTIED
from contracts.caseload import PersonErasedV1, PersonUnmergedV1
from contracts.consent import ErasureRecordedV1
from contracts.event import EventData
from contracts.log import ShareReceiptedV1
from contracts.topics import Topic

OF_ONE_PERSON = (
    Topic.CASELOAD_EVENTS,
    Topic.RELEASE_EVENTS,
    Topic.REFERRAL_EVENTS,
    Topic.OFFERS,
    Topic.CONSENT_EVENTS,
    Topic.SHARE_RECEIPTS,
)

IDS_ALONE = (PersonErasedV1, ErasureRecordedV1, PersonUnmergedV1)
"""These name other people by their ids and say nothing of them. In another's stream they are about that other. (A merge
with somebody who was erased since was undone before that: emptied, it is as if it had never been.)"""

_OF_ANYBODY = (PersonErasedV1, ShareReceiptedV1)

_EMPTY = """
UPDATE waiting SET headers = headers || jsonb_build_object('ce_type', CAST(:emptied AS text)), body = '{}'
WHERE topic = ANY(:topics) AND (
    key = ANY(:ids)
    OR headers->>'ce_type' <> ALL(:ids_alone)
    AND EXISTS (SELECT FROM unnest(CAST(:ids AS text[])) id WHERE position(convert_to(id, 'UTF8') IN body) > 0)
)
"""
_UNPARK = """
UPDATE stream_position p SET parked_at = NULL, parked_reason = NULL FROM waiting w
WHERE p.parked_at IS NOT NULL AND (w.topic, w.key, w.version) = (p.topic, p.key, p.version + 1)
  AND w.headers->>'ce_type' = :emptied
"""


async def empty_waiting(session: AsyncSession, ids: Sequence[str]) -> None:
    """Empties what waits about these persons' ids, as key or anywhere in a body, and lets their streams go on.

    Another's erasure stays, and the undoing of a merge with another: emptied, they would never be done.
    """
    names = {
        "emptied": EMPTIED,
        "topics": [str(topic) for topic in OF_ONE_PERSON],
        "ids": list(ids),
        "ids_alone": [event.TYPE for event in IDS_ALONE],
    }
    await session.execute(text(_EMPTY), names)
    await session.execute(text(_UNPARK), {"emptied": EMPTIED})


def without_erased(batch: Sequence[Received[EventData]], erased: Collection[str]) -> list[Received[EventData]]:
    """The events about people who are there: not `erased` before, nor by this batch. Of a merge the kept one counts, of
    its undoing either: who is given back was not erased. Receipts free the window whosever they are."""
    erasures = [received.data for received in batch if isinstance(received.data, PersonErasedV1)]
    gone = {*erased, *(person_id for erasure in erasures for person_id in erasure.person_ids)}
    return [each for each in batch if isinstance(each.data, _OF_ANYBODY) or not about(each.data) <= gone]


def about(data: EventData) -> set[str]:
    """The persons whose being there makes an event worth taking in: any one of them."""
    return {data.kept_id, data.removed_id} if isinstance(data, PersonUnmergedV1) else {data.key}
