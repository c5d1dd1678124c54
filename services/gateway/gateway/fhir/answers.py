"""What a receiver's message answers, and why a sender takes a referral back, in our codes.

R4 has no place for why a request was turned down, so the reason is a coding of our own list among the reason codes of
the ServiceRequest or of an Encounter; without it there is no rejection, for a sender must always learn why.
"""

from typing import Any, ClassVar

from contracts.codes import NextKind, ReferralAction, RejectionCode, WithdrawalCode
from contracts.errors import Invalid
from gateway.fhir.codes import NEXT, REJECTIONS, WITHDRAWALS
from gateway.fhir.message import Message
from gateway.fhir.tree import codings, many, one, words

TURNED_DOWN = frozenset({"revoked", "entered-in-error", "cancelled"})


class AnswerUnclear(Invalid):
    """MessageHeader.response.code is ok in an answer to a referral."""

    code: ClassVar[str] = "answer-unclear"


class RejectionWithoutReason(Invalid):
    """A rejection has a reasonCode of urn:throughgate:rejection-codes."""

    code: ClassVar[str] = "reason-code-missing"


class RejectionWithoutNext(Invalid):
    """A rejection says what comes next in a reasonCode of urn:throughgate:next: none, service:ID or agency:ID."""

    code: ClassVar[str] = "next-missing"


def answer_of(message: Message) -> tuple[ReferralAction, dict[str, Any]]:
    """Acceptance or rejection with its body. Raises AnswerUnclear, RejectionWithoutReason, RejectionWithoutNext."""
    if words(one(message.header, "response"), "code") not in (None, "ok"):
        raise AnswerUnclear(pointer="/MessageHeader/response")
    coded = _coded(message)
    code = next((code for system, code in coded if system == REJECTIONS), None)
    if code is None and words(message.request(), "status") not in TURNED_DOWN:
        at = next((words(each, "start") for each in message.all("Appointment")), None)
        return ReferralAction.ACCEPTANCE, {"appointment_at": at} if at else {}
    if code not in set(RejectionCode):
        raise RejectionWithoutReason(pointer="/ServiceRequest/reasonCode")
    body: dict[str, Any] = {"reason_code": code, "next": _next(coded)}
    if comment := "\n".join(text for each in many(message.request(), "note") if (text := words(each, "text"))):
        body["comment"] = comment
    return ReferralAction.REJECTION, body


def withdrawal_of(message: Message) -> WithdrawalCode:
    """Why the sender takes it back; where that is not coded, that it was a mistake or has ended early."""
    code = next((code for system, code in _coded(message) if system == WITHDRAWALS), None)
    if code in set(WithdrawalCode):
        return WithdrawalCode(code)
    is_mistake = words(message.request(), "status") == "entered-in-error"
    return WithdrawalCode.MISTAKE if is_mistake else WithdrawalCode.EARLY_END


def _next(coded: list[tuple[str, str]]) -> dict[str, str]:
    said = next((code for system, code in coded if system == NEXT), "")
    kind, _, named = said.partition(":")
    if kind not in set(NextKind) or (kind == NextKind.NONE) is bool(named):
        raise RejectionWithoutNext(pointer="/ServiceRequest/reasonCode")
    return {"kind": kind, "id": named} if named else {"kind": kind}


def _coded(message: Message) -> list[tuple[str, str]]:
    concepts = many(message.request(), "reasonCode")
    concepts += [each for encounter in message.all("Encounter") for each in many(encounter, "reasonCode")]
    return [(system, code) for system, code, _ in codings(concepts)]
