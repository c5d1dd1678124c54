"""A message Bundle as it came: its header, its resources by reference, and by what numbers it is known again.

Published examples break rules of their own standard, so nothing is validated that is not used.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar
from uuid import NAMESPACE_OID, uuid5

from chassis.problems import Problem
from contracts.errors import Invalid
from contracts.text import json_text
from gateway.fhir.codes import REFERRAL
from gateway.fhir.tree import Resource, identifiers, many, one, uuid_of, words

LONGEST = 200
MOST = 20
"""Names of one thing that are asked after: a sender may write a thousand."""


class Unreadable(Problem):
    """Not JSON at all."""

    def __init__(self) -> None:
        super().__init__(400, "The body is not well-formed JSON.", code="malformed")


class NotAMessage(Invalid):
    """A Bundle of type message whose first resource is a MessageHeader is what is read here."""

    code: ClassVar[str] = "not-a-message"


class EventNotServed(Invalid):
    """Events other than servicerequest-request and servicerequest-response are not served."""

    code: ClassVar[str] = "event-not-served"


@dataclass(frozen=True)
class Message:
    """`header_id` and `bundle_id` each make a message known again. `body` is the text as it was sent.

    References are looked up and the request is found once: a sender may write a thousand of each.
    """

    header_id: str
    bundle_id: str
    body: str
    header: Resource
    entries: tuple[tuple[str | None, Resource], ...]

    @property
    def event(self) -> str | None:
        return words(one(self.header, "eventCoding"), "code")

    @property
    def reason(self) -> str | None:
        """`new`, `update`, `delete`."""
        return words(one(self.header, "reason", "coding"), "code")

    def all(self, kind: str) -> list[Resource]:
        """The resources of a type, in order."""
        return [resource for _, resource in self.entries if resource.get("resourceType") == kind]

    def at(self, reference: Resource) -> Resource:
        """The resource that a Reference means, or an empty one."""
        return self._by_name.get(uuid_of(words(reference, "reference")) or "", {})

    def request(self) -> Resource:
        """The ServiceRequest that the message is about: the header's focus if that is one, else the first."""
        return self._request

    def patient(self) -> Resource:
        """The request's subject if that is a Patient, else the first Patient."""
        subject = self.at(one(self.request(), "subject"))
        return subject if subject.get("resourceType") == "Patient" else next(iter(self.all("Patient")), {})

    def names(self) -> list[str]:
        """What the ServiceRequest is called: its id, and its identifiers as `system|value`."""
        request = self.request()
        url = next((url for url, resource in self.entries if resource is request), None)
        ids = [words(request, "id"), uuid_of(url)]
        found = [*(each for each in ids if each), *(f"{system}|{value}" for system, value in identifiers(request))]
        return list(dict.fromkeys(each for each in found if len(each) <= LONGEST))[:MOST]

    def referral_ids(self) -> list[str]:
        """What may be one of our own ids: in a message that answers ours, or changes what we answered."""
        request = self.request()
        ours = [value for system, value in identifiers(request) if system == REFERRAL]
        found = [*ours, words(request, "id"), words(one(self.header, "response"), "identifier")]
        return list(dict.fromkeys(each for each in found if each))[:MOST]

    @cached_property
    def _by_name(self) -> Mapping[str, Resource]:
        """By address and by id; of two resources with one name the first."""
        found: dict[str, Resource] = {}
        for url, resource in self.entries:
            for name in (uuid_of(url), resource.get("id")):
                if isinstance(name, str) and name:
                    found.setdefault(name, resource)
        return found

    @cached_property
    def _request(self) -> Resource:
        focus = [self.at(reference) for reference in many(self.header, "focus")]
        found = [each for each in focus if each.get("resourceType") == "ServiceRequest"]
        return next(iter([*found, *self.all("ServiceRequest")]), {})


def message_of(body: bytes) -> Message:
    """Raises Unreadable, NotAMessage."""
    try:
        text = json_text(body)
        bundle = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable from error
    entries = tuple((words(each, "fullUrl"), one(each, "resource")) for each in many(bundle, "entry"))
    found = next(((url, each) for url, each in entries if each.get("resourceType") == "MessageHeader"), None)
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle" or found is None:
        raise NotAMessage(pointer="/entry")
    url, header = found
    bundle_id = words(one(bundle, "identifier"), "value") or words(bundle, "id")
    header_id = words(header, "id") or uuid_of(url) or bundle_id or str(uuid5(NAMESPACE_OID, text))
    return Message(header_id[:LONGEST], (bundle_id or header_id)[:LONGEST], text, header, entries)
