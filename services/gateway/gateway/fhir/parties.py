"""Whom a message is from and for: the caller, and an agency of this gateway's kind or a service that such a one keeps.

A message names its receiver in several places, by ODS code, by a number of the national directory of services, or by
our own ids; the first place that names somebody known counts, and that must be one of this gateway's, so that a message
that went to the wrong gateway is never taken for another's. A service is named by the id under which it is kept. The
sender is who the token says; a header that names another agency of the register is refused.
"""

import base64
import json
from collections.abc import Iterator
from typing import Any, ClassVar

from contracts.errors import Invalid, NotPermitted
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


class AnotherSender(NotPermitted):
    """NHSD-End-User-Organisation names another agency than the token does."""

    code: ClassVar[str] = "sender-mismatch"


async def receiver_of(caller: Caller, message: Message) -> dict[str, str]:
    """`{"to_agency"}` or `{"service_id"}`. Raises NobodyNamed (also if they have another gateway), AnotherSender."""
    agencies = await _agencies(caller)
    services = await _services(caller)
    kinds = {agency.id: agency.kind for agency in agencies}
    by_name = {agency.codes.ods.lower(): agency.id for agency in agencies if agency.codes.ods}
    by_name |= {agency.id: agency.id for agency in agencies}
    for _, value in identifiers(told(caller.request.headers.get(ORGANISATION))):
        if by_name.get(value.lower(), caller.agency) != caller.agency:
            raise AnotherSender
    for value in dict.fromkeys(_named(caller, message)):
        agency = by_name.get(value.lower())
        if agency is None and value not in services:
            continue
        if kinds.get(agency or services[value]) is not caller.request.app.state.kind:
            break
        return {"to_agency": agency} if agency else {"service_id": value}
    raise NobodyNamed(pointer="/MessageHeader/destination")


def _named(caller: Caller, message: Message) -> Iterator[str]:
    """What the message calls its receiver: a header, then its destination, then the performer."""
    if found := words(told(caller.request.headers.get(TARGET)), "value"):
        yield found
    for destination in many(message.header, "destination"):
        if endpoint := words(destination, "endpoint"):
            yield endpoint.rpartition("|")[2]
        yield from (value for _, value in identifiers(message.at(one(destination, "receiver"))))
    performers = [message.at(each) for each in many(message.request(), "performer")]
    yield from (value for each in performers for _, value in identifiers(each))
    yield from (value for each in many(message.request(), "performer", "identifier") if (value := words(each, "value")))
    for performer in performers:
        yield from (value for _, value in identifiers(message.at(one(performer, "providedBy"))))


def told(header: str | None) -> Resource:
    """What a header of the standard holds, base64 of JSON; nothing if it cannot be read."""
    try:
        found: Any = json.loads(base64.b64decode(header or "", validate=True))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


async def _agencies(caller: Caller) -> list[AgencyEntry]:
    found: list[AgencyEntry] = []
    cursor: str | None = None
    while True:
        params = {"limit": PAGE, "cursor": cursor}
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
