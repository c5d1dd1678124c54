"""An answer to a referral goes out to the endpoint of the agency that sent it. What goes out is recorded before."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from gateway.domain.webhooks import DeliveryState
from gateway.operations.deliver import acknowledge, record_first
from gateway.queries import answers
from gateway.queries.answers import AnswerNow, OwnMessages


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What the agency sees of an answer now, and what it sent itself: all that the message is made of."""

    answer: AnswerNow
    own: OwnMessages


async def give_answer(session: AsyncSession, *, agency: str, cursor: int, now: datetime) -> Outgoing | DeliveryState:
    """The answer at this place of the feed, recorded as delivered; or why it is not sent any more."""
    item = await answers.item_now(session, agency=agency, cursor=cursor)
    if item is None or item.hidden:
        return DeliveryState.WITHDRAWN
    found = await answers.answer_now(session, agency=agency, subject_ref=item.subject_ref)
    if found is None:
        return DeliveryState.WITHDRAWN
    if found.share_id != item.share_id:
        return DeliveryState.SUPERSEDED
    own = await answers.own_messages(session, agency=agency, referral_id=str(found.content["referral_id"]))
    if own is None:
        return DeliveryState.WITHDRAWN
    await record_first(session, agency=agency, rows=[item], now=now)
    return Outgoing(found, own)


async def answer_taken_in(session: AsyncSession, *, agency: str, share_id: str, now: datetime) -> None:
    """The agency's endpoint took the answer in: that is its acknowledgement."""
    await acknowledge(session, agency=agency, up_to=None, items=[share_id], now=now)
