"""What agencies do with persons, and what each deed means for who may know them."""

from collections.abc import Awaitable, Callable
from typing import Any

from chassis.clock import now
from tests.isolation.agencies import KINDS
from tests.isolation.calls import CONSENT
from tests.isolation.walk import Walk

Step = Callable[[Walk, str, int, str], Awaitable[None]]
ROLES = {"probation": "offender-manager", "police": "iom-team", "mental-health": "mental-health-care"}
EVERYTHING = {
    "categories": [
        "identity",
        "release-date",
        "accommodation",
        "referral",
        "referral-status",
        "engagement",
        "known-to-service",
    ],
    "purposes": ["resettlement", "direct-care", "offender-management", "housing-duty"],
}
PRISONS = {"hmp-northgate": "SWI", "hmp-southmoor": "MDI"}


async def register(walk: Walk, agency: str, person: int, other: str) -> None:
    body = {
        "name": {"family": walk.mark(agency, person, "identity"), "given": walk.mark(agency, person, "identity")},
        "date_of_birth": "1990-02-03",
        "languages": [walk.mark(agency, person, "identity/languages")],
    }
    knowledge = walk.knowledge
    knowledge.met.add((agency, person))
    answer = await walk.pipe.call(agency, KINDS[agency], "PUT", walk.path(person), body)
    walk.note(agency, "PUT", walk.path(person))
    walk.ids[answer.json()["person_id"]] = person
    walk.search(agency, "PUT", "/people/{person}", answer)
    first = (agency, person) not in knowledge.registered
    assert answer.status_code == (201 if first else 200), answer.text
    knowledge.registered.add((agency, person))
    if KINDS[agency] == "prison":
        knowledge.written.add((agency, person, "custody-status"))
        holds = knowledge.holder.setdefault(person, agency) == agency
        if holds:
            knowledge.involved[agency, person] = "confirmed"
        else:
            knowledge.involved.setdefault((agency, person), "claimed")


async def claim(walk: Walk, agency: str, person: int, other: str) -> None:
    body: dict[str, Any] = {
        "roles": [ROLES.get(KINDS[agency], "through-the-gate")],
        "reason": walk.mark(agency, person, "grounds"),
    }
    if KINDS[agency] == "probation":
        body["reference"] = f"X{100000 + int(walk.noms[person][1:5])}"
    exists = walk.exists(person)
    if exists:
        walk.knowledge.met.add((agency, person))
    answer = await walk.call(agency, "PUT", f"{walk.path(person)}/involvement", body)
    if answer.status_code in (200, 201):
        walk.knowledge.involved[agency, person] = answer.json()["state"]
    else:
        assert not exists or answer.status_code == 422, answer.text


async def bring_in(walk: Walk, agency: str, person: int, other: str) -> None:
    path = f"{walk.path(person)}/involvement/{other}"
    body = {"roles": ["through-the-gate"], "reason": walk.mark(agency, person, "grounds")}
    may = walk.knowledge.involved.get((agency, person)) == "confirmed" and other != agency
    if may:
        walk.knowledge.met.add((other, person))
    answer = await walk.call(agency, "PUT", path, body)
    if answer.status_code == 200:
        assert may, "an agency that is not confirmed has confirmed another"
        walk.knowledge.involved[other, person] = "confirmed"


async def leave(walk: Walk, agency: str, person: int, other: str) -> None:
    answer = await walk.call(agency, "DELETE", f"{walk.path(person)}/involvement")
    if answer.status_code == 204:
        walk.knowledge.involved.pop((agency, person), None)
        walk.knowledge.held.add((agency, person))


async def push(walk: Walk, agency: str, person: int, other: str) -> None:
    body = {
        "date": walk.day(agency, person, "release-date").isoformat(),
        "status": "confirmed",
        "reason": "recalculation",
        "reporting": walk.mark(agency, person, "release-date/reporting"),
    }
    answer = await walk.call(agency, "PUT", f"{walk.path(person)}/release-dates/CRD", body)
    if answer.status_code in (200, 201):
        assert walk.knowledge.holder.get(person) == agency
        walk.releases[person] = answer.json()["release_id"]
        walk.ids[walk.releases[person]] = person


async def transfer(walk: Walk, agency: str, person: int, other: str) -> None:
    """To the other prison, whichever agency says so; the one that holds the person may."""
    there = next(each for each in PRISONS if each != agency)
    body = {"type": "transferred", "at": now().isoformat(), "to_prison": PRISONS[there]}
    holds = walk.knowledge.holder.get(person) == agency
    if holds:
        walk.knowledge.met.add((there, person))
    answer = await walk.call(agency, "POST", f"{walk.path(person)}/custody-events", body)
    if answer.is_success and answer.json()["outcome"] == "applied":
        assert holds, "a prison that does not hold a person has moved them"
        walk.knowledge.holder[person] = there
        walk.knowledge.involved[there, person] = "confirmed"
        walk.knowledge.involved.pop((agency, person), None)
        walk.knowledge.held.add((agency, person))
        walk.knowledge.written.add((there, person, "custody-status"))


def section(category: str, content: Callable[[Callable[[], str]], dict[str, Any]]) -> Step:
    """The step of writing one's own facts of a category; `content` is given a maker of words."""

    async def write(walk: Walk, agency: str, person: int, other: str) -> None:
        body = content(lambda: walk.mark(agency, person, category))
        if body.get("mappa") and (agency, person) in walk.knowledge.met:
            walk.knowledge.mappa.add(person)
        await walk.call(agency, "PUT", f"{walk.path(person)}/sections/{category}", body)

    return write


async def consent(walk: Walk, agency: str, person: int, other: str) -> None:
    """To the other agency, to those who are asked or referred to, and to whoever asks."""
    ends = {each.receiver for each in walk.knowledge.referrals if each.person == person}
    ends |= {each for *both, whom in walk.knowledge.asked.values() if whom == person for each in both}
    recipients = sorted({other, agency} | {each for each in sorted(ends) if walk.random.random() < 0.5})
    named = [{"agency": each} for each in recipients]
    body = CONSENT | EVERYTHING | {"recipients": named, "evidence_ref": walk.mark(agency, person, "own")}
    answer = await walk.call(agency, "POST", f"{walk.path(person)}/consents", body)
    if answer.status_code == 201:
        walk.knowledge.consented |= {(each, person) for each in recipients}
        walk.knowledge.recorded |= {(agency, each, person) for each in recipients}
        walk.consents[person] = answer.json()["consent_id"]
        walk.ids[walk.consents[person]] = person


async def withdraw(walk: Walk, agency: str, person: int, other: str) -> None:
    answer = await walk.call(agency, "POST", f"{walk.path(person)}/consent-withdrawals", {})
    if answer.status_code == 200:
        assert set(answer.json()) == {"withdrawn_at"}
        walk.knowledge.withdraw(person)


async def oppose(walk: Walk, agency: str, person: int, other: str) -> None:
    """An objection takes what is subject to it from views; what had ended before it stays in feeds."""
    body = {"categories": ["release-date"], "recipients": [{"agency": other}], "purposes": ["direct-care"]}
    answer = await walk.call(agency, "POST", f"{walk.path(person)}/objections", body)
    if answer.status_code == 201:
        walk.knowledge.opposed.add((other, person))


async def warn(walk: Walk, agency: str, person: int, other: str) -> None:
    body = {
        "to": [{"agency": other}],
        "risk": "medical",
        "text": walk.mark(agency, person, "warning"),
        "justification": f"Heard on the telephone: {walk.mark(agency, person, 'grounds')}",
    }
    if (agency, person) in walk.knowledge.met and other != agency:
        walk.knowledge.warned.add((agency, other, person))
    await walk.call(agency, "POST", f"{walk.path(person)}/warnings", body, member="sam")


async def pull(walk: Walk, agency: str, person: int, other: str) -> None:
    category = walk.random.choice(["medication", "risk-markers"])
    body = {
        "person": f"noms:{walk.noms[person]}",
        "category": category,
        "justification": f"Found unconscious at the bus station: {walk.mark(agency, person, 'grounds')}",
    }
    if (agency, person) in walk.knowledge.met:
        walk.knowledge.pulled.add((agency, category, person))
    await walk.call(agency, "POST", "/emergency-requests", body, member="sam")


PERSON_STEPS: dict[str, Step] = {
    "register": register,
    "claim": claim,
    "bring_in": bring_in,
    "leave": leave,
    "push": push,
    "transfer": transfer,
    "address": section("accommodation", lambda word: {"status": "sought", "support": word()}),
    "licence": section(
        "licence-conditions", lambda word: {"conditions": [{"code": "c1", "kind": "bespoke", "text": word()}]}
    ),
    "risk": section("risk-markers", lambda word: {"markers": [{"code": "arson", "level": "high", "note": word()}]}),
    "mappa": section(
        "risk-markers",
        lambda word: {
            "markers": [{"code": "other", "level": "high", "note": word()}],
            "mappa": {"managed": True, "category": 2},
        },
    ),
    "medicine": section("medication", lambda word: {"medicines": [{"name": word()}], "as_of": "2026-01-02"}),
    "cohort": section("caseload", lambda word: {"cohort": "fixed", "rag": "red", "lead_professional": word()}),
    "consent": consent,
    "withdraw": withdraw,
    "oppose": oppose,
    "warn": warn,
    "pull": pull,
}
