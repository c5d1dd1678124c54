"""Referrals and screening requests between any two agencies, and what each deed means for who may know."""

from typing import Any

from tests.isolation.agencies import KINDS
from tests.isolation.knowledge import Referral
from tests.isolation.steps import Step
from tests.isolation.walk import Walk

SAID: dict[str, dict[str, Any]] = {
    "information": {"answer": "{word}"},
    "submission": {},
    "withdrawal": {"reason_code": "NEE"},
    "closure": {"reason_code": "NEE"},
    "acceptance": {"team": "{word}", "interim_support": "{word}", "appointment_at": "{minute}"},
    "rejection": {"reason_code": "OTHER", "comment": "{word}", "next": {"kind": "none"}},
    "advice": {"comment": "{word}"},
    "information-request": {"question": "{word}"},
    "hold": {"reason": "{word}", "until": "2031-03-04"},
    "resumption": {},
    "allocation": {"team": "{word}"},
    "outcome": {"result": "completed", "code": "needs-met"},
    "appointments": {"at": "{minute}", "place": "{word}"},
    "attendance": {"outcome": "attended"},
    "waiting-update": {"expected_start": "2031-03-04"},
}
"""Action -> what is said; free texts and times are marked."""
ANSWERS = ("referral-status", "engagement")
"""What a receiver's deed may be shared as."""


def referring(*, ordered: bool) -> Step:
    """The step of referring to the other agency, with the person's agreement or under an order."""

    async def refer(walk: Walk, agency: str, person: int, other: str) -> None:
        body: dict[str, Any] = {
            "person": f"noms:{walk.noms[person]}",
            "to_agency": other,
            "needs": ["mental-health"],
            "reason": walk.mark(agency, person, "referral"),
            "location": walk.mark(agency, person, "referral"),
            "urgency": "routine",
            "statutory": ordered,
        }
        if ordered:
            body["order_reference"] = walk.mark(agency, person, "referral")
        answer = await walk.call(agency, "POST", "/referrals", body)
        if answer.status_code == 201:
            assert (agency, person) in walk.knowledge.met, "an agency has referred a person whom it does not know"
            made = answer.json()["referral_id"]
            walk.knowledge.referrals.append(Referral(made, person, agency, other, ordered))
            walk.knowledge.written |= {(agency, person, "referral"), (other, person, "referral-status")}
            walk.ids[made] = person

    return refer


async def act(walk: Walk, agency: str, person: int, other: str) -> None:
    """One end of a referral of this person does one of the things that it is told it may do."""
    here = [each for each in walk.knowledge.referrals if each.person == person]
    if not here:
        return
    referral = walk.random.choice(here)
    walk.ends |= {referral.sender, referral.receiver}
    end = walk.random.choice([referral.sender, referral.receiver])
    seen = await walk.call(end, "GET", f"/referrals/{referral.id}")
    if not seen.is_success:
        assert (end, seen.status_code) == (referral.receiver, 404), seen.text
        return
    own = [appointment for maker, appointment in referral.appointments if maker == end]
    may = [each for each in seen.json()["allowed_actions"] if each != "attendance" or own]
    if not may:
        return
    action = walk.random.choice(may)
    category = "referral" if end == referral.sender else "detail"
    fill = {
        "{word}": lambda: walk.mark(end, person, category),
        "{minute}": lambda: walk.minute(end, person, "appointment" if category == "detail" else category).isoformat(),
    }
    body = {key: fill[value]() if str(value) in fill else value for key, value in SAID[action].items()}
    path = f"appointments/{own[-1]}/attendance" if action == "attendance" else action
    done = await walk.call(end, "POST", f"/referrals/{referral.id}/{path}", body or None, if_match=seen.headers["etag"])
    assert done.is_success, f"{action}: {done.text}"
    walk.knowledge.written |= {(end, person, each) for each in ANSWERS if end == referral.receiver}
    if action == "appointments":
        referral.appointments.append((end, done.json()["appointment_id"]))
    if action == "acceptance":
        walk.knowledge.involved[referral.receiver, person] = "confirmed"


async def ask(walk: Walk, agency: str, person: int, other: str) -> None:
    """Is this person known to you? Only a trust can be asked."""
    trust = other if KINDS[other] == "mental-health" else "mht-moorland"
    body = {"to_agency": trust, "reason": walk.mark(agency, person, "question")}
    answer = await walk.call(agency, "POST", f"{walk.path(person)}/screening-requests", body)
    if answer.status_code == 201:
        made = answer.json()["screening_id"]
        walk.knowledge.asked[made] = (agency, trust, person)
        walk.knowledge.written.add((agency, person, "referral"))
        walk.ids[made] = person


async def answer(walk: Walk, agency: str, person: int, other: str) -> None:
    """The trust answers what it was asked about this person, if the question has come."""
    for screening, (asker, trust, whom) in walk.knowledge.asked.items():
        if whom == person:
            walk.ends |= {asker, trust}
            said = await walk.call(trust, "POST", f"/screening-requests/{screening}/answer", {"answer": "yes"})
            if said.is_success:
                assert walk.knowledge.knows_of(trust, person)
                walk.knowledge.written.add((trust, person, "known-to-service"))
                return


REFERRAL_STEPS: dict[str, Step] = {
    "refer": referring(ordered=False),
    "order": referring(ordered=True),
    "act": act,
    "ask": ask,
    "answer": answer,
}
