"""A referral as one side sees it: what its owner answers that side, and what of the other side's was shared with it.

Invariant: nothing is added but what stands in the view, and what a side wrote itself is never written over.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from contracts.codes import Category, ReferralAlert
from contracts.event import JsonObject

WORDS: dict[tuple[str, Category], tuple[str, ...]] = {
    ("received", Category.REFERRAL): (
        "needs",
        "reason",
        "urgency",
        "scores",
        "statutory",
        "order_reference",
        "previous_contact",
        "communication_needs",
        "location",
        "information",
        "expected_start",
        "service_id",
    ),
    ("sent", Category.REFERRAL_STATUS): (
        "reason_code",
        "comment",
        "next",
        "question",
        "interim_support",
        "expected_start",
        "appointment_at",
    ),
}
"""What each side is shown of the other's, by direction and category of the share."""
NOT_OF_THE_VIEW = frozenset({"person_id", "warnings", "history", "allowed_actions"})

Shared = Mapping[str, list[tuple[Category, JsonObject]]]
"""Contents of the view by referral."""


def shared_by_referral(sections: Iterable[tuple[Category, str]]) -> Shared:
    """The contents of sections about referrals, by the referral that they name."""
    found: defaultdict[str, list[tuple[Category, JsonObject]]] = defaultdict(list)
    for category, body in sections:
        content = json.loads(body)["content"]
        found[content["referral_id"]].append((category, content))
    return found


def seen(own: JsonObject, shared: Shared) -> JsonObject:
    """The owner's answer with what was shared of the other side. Absent stays absent."""
    found: JsonObject = dict(own)
    appointments = list(own.get("appointments", ()))
    for category, content in shared.get(str(own["referral_id"]), ()):
        for name in WORDS.get((str(own["direction"]), category), ()):
            if content.get(name) is not None and found.get(name) is None:
                found[name] = content[name]
        appointments += _appointments(str(own["direction"]), category, content)
        if (own["direction"], category) == ("sent", Category.REFERRAL_STATUS):
            found["history"] = _with_code(found.get("history", ()), content)
        if (own["direction"], category) == ("received", Category.REFERRAL):
            found |= _refused_before(own, content)
    at = found.get("appointment_at")
    if at is not None and all(each["at"] != at for each in appointments):
        appointments.append({"at": at})
    found["appointments"] = appointments
    if "history" in found:
        found["history"] = [{"from_state": None} | line for line in found["history"]]
    return found


def own_sections(own: JsonObject) -> list[tuple[Category, JsonObject]]:
    """What an agency itself said of a referral, as sections of the person's view."""
    is_sent = own["direction"] == "sent"
    said = {name: value for name, value in own.items() if name not in NOT_OF_THE_VIEW}
    found = [(Category.REFERRAL if is_sent else Category.REFERRAL_STATUS, said)]
    if not is_sent:
        found += [
            (Category.ENGAGEMENT, {"referral_id": own["referral_id"], **meeting}) for meeting in own["appointments"]
        ]
    return found


def _appointments(direction: str, category: Category, content: JsonObject) -> list[JsonObject]:
    """The appointments that a share tells of: the sender's to the receiver, the receiver's to the sender."""
    if direction == "sent" and category is Category.ENGAGEMENT:
        return [{name: content[name] for name in ("appointment_id", "at", "outcome") if content.get(name) is not None}]
    if direction == "received" and category is Category.REFERRAL:
        return [_as_answered(meeting) for meeting in content.get("appointments", ())]
    return []


def _refused_before(own: JsonObject, content: JsonObject) -> JsonObject:
    """What the sender told of the refusals before this referral, with the receiver's own."""
    told: JsonObject = {}
    if before := content.get("chain"):
        chain = own["chain"]
        told["chain"] = {**chain, "bounces": chain["bounces"] + before["bounces"], "days": before["days"]}
    if ReferralAlert.BOUNCED_TWICE in content.get("alerts", ()):
        told["alerts"] = [*own.get("alerts", ()), ReferralAlert.BOUNCED_TWICE]
    return told


def _with_code(history: Sequence[JsonObject], status: JsonObject) -> list[JsonObject]:
    """The history with the shared status's code where it came to the state that the code is about."""
    lived = list(history)
    there = [place for place, each in enumerate(lived) if each["to_state"] == status.get("state")]
    if there and status.get("reason_code") is not None:
        lived[there[-1]] = {"code": status["reason_code"], **lived[there[-1]]}
    return lived


def _as_answered(meeting: JsonObject) -> JsonObject:
    return {("with" if name == "with_whom" else name): value for name, value in meeting.items()}
