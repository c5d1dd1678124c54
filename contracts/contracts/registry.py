"""Every event type that crosses a topic, by type name."""

from contracts import access, caseload, consent, decisions, log, offers, referral, release, screening
from contracts.event import EventData

EVENTS: dict[str, type[EventData]] = {
    event.TYPE: event
    for module in (caseload, release, referral, screening, offers, decisions, consent, access, log)
    for event in module.EVENTS
}
