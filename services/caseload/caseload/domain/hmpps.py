"""What the reasons and codes of HMPPS movements mean for custody (domain.md, Release dates: a release is real only
when its reason is RELEASED)."""

from contracts.codes import CustodyStatus
from contracts.hmpps import HmppsEvent, HmppsKind

RECALL_CODES = frozenset({"24", "B", "ETB", "ETRB", "ETRLR", "ETRRIE", "H", "L", "Y"})
"""NOMIS movement reasons that are recalls: intermittent custody, HDC, foreign-national removal, emergency temporary
release, home leave, licence, detention and training order [welcome-people-into-prison]."""

RECEIVED: dict[str, CustodyStatus] = {
    "ADMISSION": CustodyStatus.RECEIVED,
    "TRANSFERRED": CustodyStatus.TRANSFERRED,
    "RETURN_FROM_COURT": CustodyStatus.RETURNED,
    "TEMPORARY_ABSENCE_RETURN": CustodyStatus.RETURNED,
}
"""Reasons of a received event. An unknown reason is still an arrival: the person is there."""


def status_of(event: HmppsEvent) -> CustodyStatus | None:
    """The movement that a received or released event stands for; None if it moves nobody (court, hospital, leave)."""
    if event.kind is HmppsKind.RELEASED:
        return CustodyStatus.RELEASED if event.reason == "RELEASED" else None
    if event.kind is not HmppsKind.RECEIVED:
        return None
    status = RECEIVED.get(event.reason or "", CustodyStatus.RECEIVED)
    recalled = status is CustodyStatus.RECEIVED and event.movement_reason_code in RECALL_CODES
    return CustodyStatus.RECALLED if recalled else status
