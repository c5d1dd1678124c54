"""The reverse call of BaRS: an answer as the message that the sender's own endpoint is given.

Invariant: it is made of what the sender itself sent and of what stands in the sender's view, and of nothing else.
"""

import contextlib
import json
from typing import Any

from contracts.codes import AgencyKind
from contracts.errors import Refusal
from gateway.fhir import reading
from gateway.fhir.codes import RESPONSE
from gateway.fhir.message import Message, message_of
from gateway.fhir.writing import bundle
from gateway.queries.answers import AnswerNow, OwnMessages

SAID = ("state", "reason_code", "appointment_at", "next", "comment", "question", "interim_support")


def response(answer: AnswerNow, own: OwnMessages, *, agency: str) -> bytes:
    """The message, in answer to the newest one about this referral. The same answer makes the same message."""
    first = message_of(own.first.encode())
    referral: dict[str, Any] = {
        **_asked(first, answer),
        "referral_id": answer.content["referral_id"],
        "person_id": answer.person_id,
        "version": answer.share_id,
        "from": agency,
        "to": answer.source,
        **{name: answer.content[name] for name in SAID if answer.content.get(name) is not None},
    }
    made = bundle(referral, event=RESPONSE, identity=_identity(first), answers=own.newest_id)
    return json.dumps(made, ensure_ascii=False, separators=(",", ":")).encode()


def _asked(message: Message, answer: AnswerNow) -> dict[str, Any]:
    """What was asked for. A message that rules have been made against since still has its answer."""
    with contextlib.suppress(Refusal):
        return reading.referral_of(message, AgencyKind(answer.source_kind))
    return {}


def _identity(message: Message) -> dict[str, Any] | None:
    """Who the person is, as the sender said it; perhaps a number alone."""
    claimed = {"claimed": reading.claimed_of(message.patient())}
    with contextlib.suppress(Refusal):
        return reading.registration_of(message.patient()) | claimed
    with contextlib.suppress(Refusal):
        numbers = reading.person_of(message.patient())
        return {"identifiers": [{"scheme": scheme, "value": value} for scheme, value in numbers]} | claimed
    return None
