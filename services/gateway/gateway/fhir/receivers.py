"""Whom a message is for: an agency of this gateway's kind, or a service of the directory that such an agency keeps.

A message names its receiver in several places, by ODS code, by a number of the national directory of services, or by
our own ids; the first place that names somebody here counts. A service is named by the id under which it is kept.
"""

import base64
import binascii
import json
from collections.abc import Iterator
from typing import Any, ClassVar

from contracts.codes import AgencyKind
from contracts.errors import Invalid
from contracts.http.caseload import AgencyEntry, AgencyList
from gateway.api.caller import Caller
from gateway.api.forward import ask
from gateway.fhir.message import Message
from gateway.fhir.tree import Resource, identifiers, many, one, words

TARGET = "nhsd-target-identifier"
ORGANISATION = "nhsd-end-user-organisation"
PAGE = 500


class NobodyNamed(Invalid):
    """The message names nobody who receives referrals at this gateway."""

    code: ClassVar[str] = "no-such-receiver"


async def receiver_of(caller: Caller, message: Message) -> dict[str, str]:
    """`{"to_agency"}` or `{"service_id"}`. Raises NobodyNamed."""
    values = list(dict.fromkeys(_named(caller, message)))
    agencies = await _agencies(caller, caller.request.app.state.kind)
    for value in values:
        for agency in agencies:
            if value.lower() in (agency.id, (agency.codes.ods or "").lower()):
                return {"to_agency": agency.id}
    services = await _services(caller)
    for value in values:
        if services.get(value) in {agency.id for agency in agencies}:
            return {"service_id": value}
    raise NobodyNamed(pointer="/MessageHeader/destination")


def _named(caller: Caller, message: Message) -> Iterator[str]:
    """What the message calls its receiver: the standard's header, then the bundle from the most to the least exact."""
    if found := words(target_of(caller.request.headers.get(TARGET)), "value"):
        yield found
    performers = [message.at(each) for each in many(message.request(), "performer")]
    yield from (value for each in performers for _, value in identifiers(each))
    yield from (value for each in many(message.request(), "performer", "identifier") if (value := words(each, "value")))
    for destination in many(message.header, "destination"):
        if endpoint := words(destination, "endpoint"):
            yield endpoint.rpartition("|")[2]
        yield from (value for _, value in identifiers(message.at(one(destination, "receiver"))))
    for performer in performers:
        yield from (value for _, value in identifiers(message.at(one(performer, "providedBy"))))


def target_of(header: str | None) -> Resource:
    """The identifier in the header, base64 of JSON; an empty one if it cannot be read."""
    try:
        found: Any = json.loads(base64.b64decode(header or "", validate=True))
    except (ValueError, binascii.Error):
        return {}
    return found if isinstance(found, dict) else {}


async def _agencies(caller: Caller, kind: AgencyKind) -> list[AgencyEntry]:
    found: list[AgencyEntry] = []
    cursor: str | None = None
    while True:
        params = {"kind": kind.value, "limit": PAGE, "cursor": cursor}
        answer = await ask(caller, caller.owners.caseload, "GET", "/agencies", params=params)
        page = AgencyList.model_validate_json(answer.raise_for_problem().body)
        found += page.items
        if (cursor := page.next) is None:
            return found


async def _services(caller: Caller) -> dict[str, str]:
    """Service id -> agency that keeps it."""
    found: dict[str, str] = {}
    cursor: str | None = None
    while True:
        params = {"limit": PAGE, "cursor": cursor}
        answer = await ask(caller, caller.owners.referral, "GET", "/services", params=params)
        page = answer.raise_for_problem().json()
        found |= {str(each["service_id"]): str(each["agency"]) for each in page["items"]}
        if (cursor := page["next"]) is None:
            return found
