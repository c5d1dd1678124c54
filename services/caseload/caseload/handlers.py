"""Events that caseload takes in: receipts of its offers, which free the bulk window."""

from chassis.consumer import Handler
from chassis.outbox import on_share_receipted
from contracts.event import EventData
from contracts.log import ShareReceiptedV1

HANDLERS: dict[type[EventData], Handler] = {
    ShareReceiptedV1: on_share_receipted,
}
