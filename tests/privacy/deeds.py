"""What else can be done about a person: every deed that there are words for, by whoever may do it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from chassis.clock import now
from tests.support.eventually import eventually
from tests.system.referring import act, agree, refer, sees
from tests.system.world import (
    AUDITOR,
    CHARITY,
    DRUGS,
    NORTHGATE,
    PRISON_HEALTH,
    PROBATION,
    SOUTHMOOR,
    TRUST,
    Person,
    World,
)

Word = Callable[[], str]
"""A new word of the person's at every call."""
NATIONAL = "hmpps-national"


async def sections(world: World, person: Person, word: Word) -> None:
    """Every category of one's own facts, by whoever keeps it; MAPPA among the risks."""
    written: list[tuple[str, str, dict[str, Any]]] = [
        (NORTHGATE, "accommodation", {"status": "settled", "address": {"lines": [word()]}, "support": word()}),
        (NORTHGATE, "risk-markers", {"markers": [{"code": "other", "level": "low", "note": word()}]}),
        (NORTHGATE, "licence-conditions", {"conditions": [{"code": "c1", "kind": "bespoke", "text": word()}]}),
        (PROBATION, "caseload", {"cohort": "fixed", "rag": "red", "lead_professional": word()}),
        (PRISON_HEALTH, "medication", {"medicines": [{"name": word(), "dose": word()}], "as_of": "2026-01-02"}),
    ]
    managed = {"managed": True, "category": 2, "level": 2}
    risk = {"markers": [{"code": "other", "level": "high", "note": word()}], "mappa": managed}
    written.append((PROBATION, "risk-markers", risk))
    for agency, category, content in written:
        await world.desk(agency).put(f"{person.path}/sections/{category}", content)


async def on_the_way_out(world: World, person: Person, pushed: dict[str, Any], word: Word) -> None:
    """What is decided about the day, and about the address; and who else is brought in."""
    prison = world.desk(NORTHGATE)
    release = f"/releases/{pushed['release_id']}"
    await prison.put(f"{release}/day-of-release-decision", {"decision": "kept", "reason": word()})
    await prison.post(f"{release}/address-check", {"result": "confirmed", "with": word()})
    claim = {"roles": ["key-worker"], "reason": word()}
    await prison.put(f"{person.path}/involvement/{DRUGS}", claim)
    await prison.post(f"{person.path}/objections", {"recipients": [{"agency": DRUGS}], "purposes": ["direct-care"]})


async def referrals(world: World, person: Person, word: Word) -> None:
    """One to its end with all that either side can say on the way, one turned down, one taken back."""
    more = {"categories": ["identity", "referral", "referral-status", "engagement", "known-to-service"]}
    purposes = ["direct-care", "offender-management"]
    await agree(world, person, TRUST, NORTHGATE, PROBATION, purposes=purposes, **more)
    said = {"reason": word(), "previous_contact": word(), "location": word()}
    asked = await refer(world, person, TRUST, **said)
    await sees(world, TRUST, asked, state="received", reason=...)
    await act(world, TRUST, asked, "information-request", {"question": word()})
    await sees(world, NORTHGATE, asked, state="information-requested")
    await act(world, NORTHGATE, asked, "information", {"answer": word()})
    await sees(world, TRUST, asked, state="received")
    soon = (now() + timedelta(days=20)).isoformat()
    await act(world, TRUST, asked, "hold", {"reason": word(), "until": soon[:10]})
    await act(world, TRUST, asked, "resumption")
    accepted = {"team": word(), "interim_support": word(), "appointment_at": soon}
    await act(world, TRUST, asked, "acceptance", accepted)
    await act(world, TRUST, asked, "allocation", {"team": word()})
    made = await act(world, TRUST, asked, "appointments", {"at": soon, "with": word(), "place": word()})
    meeting = made["appointments"][-1]["appointment_id"]
    await act(world, TRUST, asked, f"appointments/{meeting}/attendance", {"outcome": "attended"})
    await act(world, TRUST, asked, "outcome", {"result": "completed", "code": "needs-met"})
    ends: dict[str, dict[str, Any]] = {
        "rejection": {"reason_code": "OTHER", "comment": word(), "next": {"kind": "none"}},
        "advice": {"comment": word()},
    }
    for action, body in ends.items():
        other = await refer(world, person, TRUST, reason=word())
        await sees(world, TRUST, other, state="received", reason=...)
        await act(world, TRUST, other, action, body)
    taken_back = await refer(world, person, TRUST, by=PROBATION, reason=word())
    await act(world, PROBATION, taken_back, "withdrawal", {"reason_code": "NEE"})


async def screening(world: World, person: Person, word: Word) -> None:
    """A trust is asked whether it knows them, and says so."""
    body = {"to_agency": TRUST, "reason": word()}
    made = await world.desk(PROBATION).post(f"{person.path}/screening-requests", body)
    path = f"/screening-requests/{made['screening_id']}"

    async def arrived() -> bool:
        return (await world.desk(TRUST).call("GET", path)).ok

    await eventually(arrived, within=30)
    await world.desk(TRUST).post(f"{path}/answer", {"answer": "yes"})


async def emergencies(world: World, person: Person, word: Word) -> None:
    """A warning is pushed, a fact is pulled, and the auditor looks at both afterwards."""
    warning = {
        "to": [{"agency": PROBATION}],
        "risk": "suicide",
        "text": word(),
        "justification": f"Because {word()} rang.",
    }
    await world.desk(NORTHGATE).post(f"{person.path}/warnings", warning)
    pull = {
        "person": f"noms:{person.noms}",
        "category": "medication",
        "justification": f"Because {word()} was found.",
    }
    await world.desk(PROBATION).post("/emergency-requests", pull)
    auditor = world.desk(AUDITOR)

    async def due() -> list[dict[str, Any]]:
        return list((await auditor.get("/reviews"))["items"])

    reviews: list[dict[str, Any]] = await eventually(due, within=30)
    for review in reviews:
        body = {"outcome": "justified", "comment": f"It was {word()}."}
        await auditor.post(f"/reviews/{review['share_id']}", body)


async def moves(world: World, person: Person, removed: str, word: Word) -> None:
    """To another prison and back; and a second record of them is merged into this one."""
    for here, there in ((NORTHGATE, "MDI"), (SOUTHMOOR, "SWI")):
        body = {"type": "transferred", "at": now().isoformat(), "to_prison": there}
        await world.desk(here).post(f"{person.path}/custody-events", body)
    record = {
        "identifiers": [{"scheme": "noms", "value": removed}],
        "name": {"family": word(), "given": word()},
        "date_of_birth": "1987-06-05",
    }
    await world.desk(NORTHGATE).put(f"/people/noms:{removed}", record)
    merged = {
        "version": 1,
        "eventType": "prison-offender-events.prisoner.merged",
        "occurredAt": now().isoformat(),
        "additionalInformation": {"nomsNumber": person.noms, "removedNomsNumber": removed, "reason": "MERGE"},
    }
    await world.desk(NATIONAL).post("/events", merged)

    async def one() -> bool:
        return bool((await world.desk(NORTHGATE).get(f"/people/noms:{removed}"))["person_id"] == person.id)

    await eventually(one, within=30)


async def taken_in(world: World, person: Person) -> None:
    """The charity says that it has what it was told; somebody leaves, and keeps what their feed had."""
    _, cursor = await world.desk(CHARITY).feed()
    await world.desk(CHARITY).post("/feed/acknowledgements", {"up_to": cursor})
    await world.desk(DRUGS).delete(f"{person.path}/involvement")
