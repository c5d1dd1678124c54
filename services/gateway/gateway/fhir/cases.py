"""Which referral a message speaks of: by our own id if it names that, else by what the sender called it before."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from contracts.errors import NotFound
from contracts.http.caseload import LONGEST_REFERENCE, ResolvedPerson
from gateway.api.caller import Caller
from gateway.api.forward import ask, resolve_all
from gateway.fhir import reading
from gateway.fhir.message import MOST, Message
from gateway.fhir.tree import identifiers
from gateway.operations.fhir_messages import referrals_named

_OPAQUE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")


class ReferralUnknown(NotFound):
    """There is no such referral, or it is not yours to see."""

    code: ClassVar[str] = "referral-unknown"


@dataclass(frozen=True, slots=True)
class Found:
    """A referral as the caller's side has it, and the version of that side."""

    body: dict[str, Any]
    etag: str


async def own(caller: Caller, message: Message, *, direction: Literal["sent", "received"]) -> Found:
    """The caller's referral that the message means, about the message's Patient. Raises ReferralUnknown."""
    async with caller.asking() as session:
        named = await referrals_named(session, agency=caller.agency, names=message.names())
    people = await _people(caller, message)
    for referral_id in dict.fromkeys([*message.referral_ids(), *named]):
        found = await read(caller, referral_id)
        if found and found.body["direction"] == direction and (not people or found.body["person_id"] in people):
            return found
    raise ReferralUnknown(pointer="/ServiceRequest/identifier")


async def read(caller: Caller, referral_id: str) -> Found | None:
    """One referral of the caller's, or None."""
    if not _OPAQUE.fullmatch(referral_id):
        return None
    answer = await ask(caller, caller.owners.referral, "GET", f"/referrals/{referral_id}", conditional=False)
    if answer.status == 404:
        return None
    return Found(answer.raise_for_problem().json(), answer.headers["etag"])


async def _people(caller: Caller, message: Message) -> set[str]:
    """Every id of the message's Patient; empty if it names nobody whom the caller knows."""
    patient = message.patient()
    references = [f"{scheme}:{value}" for scheme, value in reading.person_of(patient)] if identifiers(patient) else []
    return {each for person in await named(caller, references) for each in (person.person_id, *person.merged)}


async def named(caller: Caller, references: Sequence[str]) -> list[ResolvedPerson]:
    """Whom the first of these name to the caller, in order; what no reference can be names nobody."""
    asked = [each for each in references if len(each) <= LONGEST_REFERENCE][:MOST]
    return [each for each in await resolve_all(caller, asked) if each is not None] if asked else []
