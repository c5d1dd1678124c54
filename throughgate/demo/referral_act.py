"""The referral act: refused for lack of consent, agreed to, accepted; the prison sees when, and nothing clinical."""

import json
from datetime import timedelta
from typing import Any

from chassis.clock import now
from throughgate.demo.people import MadeUp
from throughgate.demo.stage import Stage, until

PRISON, TRUST = "hmp-northgate", "mht-riverside"
REASON = "hears voices at night and asks for help before release"


async def a_referral_that_gets_an_answer(stage: Stage) -> None:
    """A prison refers a person to the mental-health trust, which answers."""
    person = stage.people[3]
    made = await stage.desks[PRISON].post(
        "/referrals",
        {
            "person": stage.ids[person.reference],
            "to_agency": TRUST,
            "needs": ["mental-health"],
            "reason": REASON,
            "urgency": "urgent",
            "scores": {"phq9": 17},
            "statutory": False,
        },
    )
    path = f"/referrals/{made['referral_id']}"
    held, _ = await until(lambda: _state(stage, PRISON, path, "awaiting-consent"))
    stage.check(f"{person.name} is referred to the trust: it waits for consent", held)
    answer = await stage.desks[TRUST].call("GET", path)
    stage.check("the trust may not know of it", answer.status == 404, str(answer.status))
    await _consent(stage, person)
    held, took = await until(lambda: _state(stage, TRUST, path, "received"))
    stage.check(f"{person.name} agrees: the trust has received it", held, f"{took * 1000:.0f} ms later")
    received = await stage.desks[TRUST].call("GET", path)
    stage.check("with reason and scores", received.json().get("reason") == REASON and received.json().get("scores"))
    appointment = (now() + timedelta(days=12)).replace(microsecond=0)
    accepted = await stage.desks[TRUST].call(
        "POST",
        f"{path}/acceptance",
        {
            "team": "prison liaison",
            "appointment_at": appointment.isoformat(),
            "interim_support": "helpline number given",
        },
        headers={"if-match": received.headers["etag"]},
    )
    stage.check("the trust accepts, with an appointment", accepted.ok, str(accepted.status))
    held, took = await until(lambda: _state(stage, PRISON, path, "accepted"))
    stage.check("the prison sees that it was accepted", held, f"{took * 1000:.0f} ms later")
    seen = await stage.desks[PRISON].get(path)
    times = [each["at"] for each in seen["appointments"]]
    stage.check("and when the appointment is", len(times) == 1, times[0] if times else "")
    view = json.dumps([seen, await stage.view(PRISON, person)])
    stage.check(
        "and nothing clinical: neither team nor support", "helpline" not in view and "prison liaison" not in view
    )


async def _state(stage: Stage, agency: str, path: str, state: str) -> bool:
    answer = await stage.desks[agency].call("GET", path)
    return bool(answer.ok and answer.json()["state"] == state)


async def _consent(stage: Stage, person: MadeUp) -> None:
    """To the referral reaching the trust, and to the answer coming back."""
    body: dict[str, Any] = {
        "decision": "given",
        "categories": ["identity", "referral", "release-date", "referral-status", "engagement"],
        "recipients": [{"agency": TRUST}, {"agency": PRISON}],
        "purposes": ["direct-care", "offender-management"],
        "valid_until": (now() + timedelta(days=180)).isoformat(),
        "how": "written",
        "given_by": "person",
        "has_capacity": True,
        "statement": {"id": "referral-leaflet", "version": "1"},
    }
    await stage.desks[PRISON].post(f"/people/{stage.ids[person.reference]}/consents", body)
