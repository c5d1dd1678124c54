"""Events that caseload takes in: receipts of its offers, which free the bulk window, and the course of referrals."""

from sqlalchemy.ext.asyncio import AsyncSession

from caseload.operations.referrals import follow_referral
from chassis import clock
from chassis.consumer import Handler, Received
from chassis.outbox import on_share_receipted
from contracts.event import EventData
from contracts.log import ShareReceiptedV1
from contracts.referral import ReferralStateChangedV1


async def on_referral_state_changed(session: AsyncSession, received: Received[ReferralStateChangedV1]) -> None:
    await follow_referral(session, event=received.data, now=clock.now())


HANDLERS: dict[type[EventData], Handler] = {
    ReferralStateChangedV1: on_referral_state_changed,
    ShareReceiptedV1: on_share_receipted,
}
