"""The acts of the story, in order. Each plays at the gateways and checks what every agency sees and does not see."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date, datetime, timedelta
from typing import Any

from chassis.clock import now
from chassis.ids import new_id
from throughgate.demo.people import MadeUp
from throughgate.demo.referral_act import TRUST, a_referral_that_gets_an_answer
from throughgate.demo.stage import Stage, each, until

PRISON, PROBATION, POLICE = "hmp-northgate", "probation-north", "police-north"
CHARITY, DRUGS, AUDITOR = "charity-newstart", "das-riverside", "auditor-north"
AGENCIES = {
    PRISON: "prison",
    PROBATION: "probation",
    POLICE: "police",
    CHARITY: "provider",
    DRUGS: "drug-alcohol",
    TRUST: "mental-health",
    AUDITOR: "auditor",
}
MEMBER = "dana.whitlock"

Act = Callable[[Stage], Awaitable[None]]


async def the_prison_pushes(stage: Stage) -> None:
    """A prison registers people and pushes their release dates in one request."""
    prison = stage.desks[PRISON]
    outcomes: list[dict[str, Any]] = []
    async with prison.bulk(_lines(stage.people), key=new_id()) as answered:
        text = (await answered.whole()).body.decode()
        outcomes = [json.loads(line) for line in text.splitlines()]
    applied = sum(outcome["outcome"] == "applied" for outcome in outcomes)
    others = sorted({str(outcome.get("code", outcome["outcome"])) for outcome in outcomes} - {"applied"})
    stage.check(
        f"{len(stage.people)} people registered, every date applied", applied == len(stage.people), ", ".join(others)
    )
    async for person in prison.pages("/people", limit=500):
        stage.notes.setdefault("known", set()).add(person["person_id"])
    done = 0

    async def look_up(person: MadeUp) -> None:
        nonlocal done
        body = {"identifier": {"scheme": "noms", "value": person.prison_number}}
        stage.ids[person.reference] = (await prison.ask("POST", "/people/lookup", body))["person_id"]
        done += 1
        stage.progress("the prison looks them up", done, len(stage.people))

    await each(stage.people, look_up)
    stage.check("the prison's own list holds every one of them", set(stage.ids.values()) <= stage.notes["known"])


async def probation_and_police_by_law(stage: Stage) -> None:
    """Probation's claim with a case number confirms itself; probation opens the police's for a few."""
    probation, done = stage.desks[PROBATION], 0
    supervised, watched = stage.people[: len(stage.people) // 2], stage.people[:3]

    async def claim(person: MadeUp) -> None:
        nonlocal done
        body = {"roles": ["offender-manager"], "reference": person.crn}
        await probation.put(f"/people/{person.reference}/involvement", body)
        done += 1
        stage.progress("probation claims its cases", done, len(supervised))

    await each(supervised, claim)
    for person in watched:
        body = {"roles": ["iom-team"]}
        await probation.put(f"/people/{stage.ids[person.reference]}/involvement/{POLICE}", body)

    async def everyone_is_there() -> bool:
        items, _ = await probation.feed()
        seen = {item["person_id"] for item in items if item["category"] == "release-date"}
        return seen >= {stage.ids[person.reference] for person in supervised}

    held, took = await until(everyone_is_there)
    stage.check(f"probation sees the dates of its {len(supervised)} people", held, f"{took:.1f} s after the last claim")
    held, _ = await until(lambda: _sees(stage, POLICE, watched[0]))
    stage.check(f"the police see the date of {watched[0].name}, by law (clause 2.1)", held)
    other = stage.people[-1]
    answer = await stage.desks[POLICE].call("GET", f"/people/{stage.ids[other.reference]}")
    stage.check(f"the police may not know that there is a {other.name}", answer.status == 404, f"{answer.status}")


async def agreed_and_not_agreed(stage: Stage) -> None:
    """A charity and a drug service claim involvement; they see a date only where the person agreed."""
    agreed, refused = stage.people[0], stage.people[1]
    for agency in (CHARITY, DRUGS):
        for person in (agreed, refused):
            body = {"roles": ["through-the-gate"], "reason": "asked for at induction"}
            await stage.desks[agency].put(f"/people/{person.reference}/involvement", body)
    held, _ = await until(lambda: _refused_for(stage, agreed, CHARITY, "consent-missing"))
    stage.check(f"the charity sees nothing of {agreed.name} yet", not await stage.release(CHARITY, agreed))
    stage.check("and the log says why: no consent", held)
    await _consent(stage, agreed, "given")
    await _consent(stage, refused, "refused")
    held, took = await until(lambda: _sees(stage, CHARITY, agreed))
    stage.check(f"{agreed.name} agrees: the charity sees the date pushed before", held, f"{took * 1000:.0f} ms later")
    held, _ = await until(lambda: _sees(stage, DRUGS, agreed))
    stage.check("and so does the drug and alcohol service", held)
    held, _ = await until(lambda: _refused_for(stage, refused, CHARITY, "consent-refused"))
    stage.check(f"{refused.name} refused: the log has the refusal", held)
    stage.check("and the charity still sees nothing", not await stage.release(CHARITY, refused))


async def dates_move(stage: Stage) -> None:
    """One date moves to a Friday, one to tomorrow; everyone who may know hears, with notice and flags."""
    first, second = stage.people[0], stage.people[2]
    friday = _next_friday(stage.today + timedelta(days=45))
    answer = await _push(stage, first, friday)
    stage.check(f"a Friday: {', '.join(answer['flags'])}", "friday-release" in answer["flags"], _advice(answer))
    answer = await _push(stage, second, stage.today + timedelta(days=1))
    stage.check("tomorrow: short notice", "short-notice" in answer["flags"], f"{answer['notice_working_days']} days")
    for agency in (PROBATION, CHARITY):
        held, took = await until(lambda agency=agency: _sees(stage, agency, first, friday))  # type: ignore[misc]
        stage.check(f"{agency} sees {first.name}'s new date", held, f"{took * 1000:.0f} ms later")
    section = (await stage.view(CHARITY, first)).get("release") or {}
    change = section.get("change") or {}
    stage.check(
        "the charity is told what changed since it last saw it", change.get("direction") in ("earlier", "later")
    )


async def consent_is_withdrawn(stage: Stage) -> None:
    """A withdrawal empties the charity's view; probation's stands on law and goes on."""
    person = stage.people[0]
    answer = await stage.desks[PROBATION].post(f"/people/{stage.ids[person.reference]}/consent-withdrawals")
    withdrawn_at = datetime.fromisoformat(answer["withdrawn_at"])

    async def gone() -> bool:
        return not await stage.release(CHARITY, person) and not await stage.release(DRUGS, person)

    held, _ = await until(gone)
    took = (now() - withdrawn_at).total_seconds()
    stage.check(f"{person.name} withdraws: gone from the charity and the drug service", held, f"{took * 1000:.0f} ms")

    async def says_so() -> bool:
        items, _ = await stage.desks[CHARITY].feed()
        about = [item for item in items if item["person_id"] == stage.ids[person.reference]]
        blanked = all(item["content"] is None for item in about if item["type"] == "release.date-changed")
        return blanked and any(item["type"] == "withdrawn" for item in about)

    held, _ = await until(says_so)
    stage.check("the charity's feed items are blanked in place, and new ones say withdrawn", held)
    stage.check("probation still sees the date, by law", await stage.release(PROBATION, person))


async def the_auditor_lists(stage: Stage) -> None:
    """Everything ever shared or refused about one person, with its clause; and who looked."""
    auditor, person = stage.desks[AUDITOR], stage.people[0]
    person_id = stage.ids[person.reference]
    disclosures = [item async for item in auditor.pages(f"/people/{person_id}/disclosures", limit=500)]
    permitted = [item for item in disclosures if item["decision"] == "permitted"]
    refused = [item for item in disclosures if item["decision"] == "refused"]
    stage.notes["disclosures"] = disclosures
    stage.check(f"the auditor lists {len(permitted)} shares and {len(refused)} refusals about {person.name}", permitted)
    by_charity = [item for item in permitted if item["recipient"] == CHARITY and item["category"] == "release-date"]
    stage.check(
        "each with its clause: 3.1 on consent for the charity",
        by_charity and all((item["clause"], item["basis"]) == ("3.1", "consent") for item in by_charity),
    )
    by_law = [item for item in permitted if item["recipient"] == PROBATION and item["category"] == "release-date"]
    stage.check(
        "and 2.2 by law for probation, with no consent named",
        by_law
        and all((item["clause"], item["basis"], item["consent_id"]) == ("2.2", "statutory", None) for item in by_law),
    )
    why = await auditor.get(f"/shares/{refused[0]['share_id']}/explanation")
    for sentence in why["sentences"]:
        stage.say(f"    {sentence}")
    reads = [item async for item in auditor.pages("/accesses", person_id=person_id)]
    stage.check("and sees which agencies looked", {PROBATION, CHARITY} <= {read["agency"] for read in reads})
    held, _ = await until(lambda: _reconciled(stage))
    stage.check("what agencies see is what the log permits, agency by agency", held)


ACTS: tuple[tuple[str, Act], ...] = (
    ("A prison pushes release dates", the_prison_pushes),
    ("Probation and police, by law", probation_and_police_by_law),
    ("A charity and a drug service, by consent", agreed_and_not_agreed),
    ("Dates move", dates_move),
    ("A referral that gets an answer", a_referral_that_gets_an_answer),
    ("Consent is withdrawn", consent_is_withdrawn),
    ("The auditor asks who was told what, and why", the_auditor_lists),
)


async def _lines(people: list[MadeUp]) -> AsyncIterator[bytes]:
    for person in people:
        line = {
            "person": person.reference,
            "date_type": "CRD",
            "date": person.release_on.isoformat(),
            "status": "calculated",
            "reason": "first-calculation",
            "identifiers": [{"scheme": "noms", "value": person.prison_number}],
            "name": {"family": person.family, "given": person.given},
            "date_of_birth": person.date_of_birth.isoformat(),
        }
        yield json.dumps(line).encode() + b"\n"


async def _push(stage: Stage, person: MadeUp, on: date) -> dict[str, Any]:
    body = {
        "date": on.isoformat(),
        "status": "confirmed",
        "reason": "recalculation",
        "sentence": {"kind": "determinate", "sentenced_at": (stage.today - timedelta(days=400)).isoformat()},
    }
    path = f"/people/{stage.ids[person.reference]}/release-dates/CRD"
    return dict(await stage.desks[PRISON].put(path, body))


async def _consent(stage: Stage, person: MadeUp, decision: str) -> None:
    body = {
        "decision": decision,
        "categories": ["identity", "release-date", "accommodation"],
        "recipients": [{"agency": CHARITY}, {"agency": DRUGS}],
        "purposes": ["resettlement"],
        "valid_until": (now() + timedelta(days=180)).isoformat(),
        "how": "written",
        "given_by": "person",
        "has_capacity": True,
        "statement": {"id": "resettlement-leaflet", "version": "3"},
    }
    await stage.desks[PRISON].post(f"/people/{stage.ids[person.reference]}/consents", body)


async def _sees(stage: Stage, agency: str, person: MadeUp, on: date | None = None) -> bool:
    release = await stage.release(agency, person)
    return bool(release) and (on is None or release["release_date"] == on.isoformat())


async def _refused_for(stage: Stage, person: MadeUp, recipient: str, reason: str) -> bool:
    page = await stage.desks[AUDITOR].get(
        "/shares", person_id=stage.ids[person.reference], recipient=recipient, reason=reason, category="release-date"
    )
    return bool(page["items"])


async def _reconciled(stage: Stage) -> bool:
    found = await stage.desks[AUDITOR].get("/reconciliation")
    return bool(found["items"]) and all(row["missing"] == 0 for row in found["items"])


def _next_friday(day: date) -> date:
    return day + timedelta(days=(4 - day.weekday()) % 7)


def _advice(answer: dict[str, Any]) -> str:
    advised = answer.get("advised_date")
    return f"advice: {advised}" if advised else str(answer.get("advised_reason") or "no advice")
