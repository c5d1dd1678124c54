"""A marked person: everything is written of them that can be, and the same words again where they do not belong."""

import itertools
from datetime import timedelta
from typing import Any

from chassis.clock import now
from chassis.http_client import Answer
from tests.system.world import CHARITY, NORTHGATE, POLICE, PROBATION, TRUST, Person, World

WORD = "Qzx"
"""Every word that a test writes about a person begins so; nothing of Throughgate's own does."""
NOMS = "Q8765ZX"
NHS = "9434765919"
CRN = "Y876543"
TRACES = (WORD.lower(), NOMS.lower(), NHS, CRN.lower(), "1987-06-05")
_words = itertools.count(1)


def word() -> str:
    """A word that nobody has used."""
    return f"{WORD}{next(_words):04d}"


async def live(world: World) -> Person:
    """A person of whom everything is written, shared, refused, withdrawn and warned about."""
    prison, day = world.desk(NORTHGATE), now().date() + timedelta(days=40)
    body = {
        "identifiers": [{"scheme": "noms", "value": NOMS}, {"scheme": "nhs", "value": NHS}],
        "name": {"family": word(), "given": word()},
        "date_of_birth": "1987-06-05",
        "languages": [word()],
    }
    made = await prison.put(f"/people/noms:{NOMS}", body)
    person = Person(made["person_id"], NOMS, CRN)
    address = {"kind": "address", "lines": [word(), word()]}
    await world.push(person, day, reporting=word(), release_address=address)
    await world.supervise(person)
    claim = {"roles": ["through-the-gate"], "reason": word(), "reference": word()}
    await world.desk(CHARITY).put(f"/people/noms:{NOMS}/involvement", claim)
    sections: dict[str, dict[str, Any]] = {
        "accommodation": {"status": "settled", "address": {"lines": [word()]}, "support": word()},
        "risk-markers": {"markers": [{"code": "other", "level": "low", "note": word()}]},
        "licence-conditions": {"conditions": [{"code": "c1", "kind": "bespoke", "text": word()}]},
    }
    for category, content in sections.items():
        await prison.put(f"{person.path}/sections/{category}", content)
    await world.consent(person, CHARITY, evidence_ref=word(), interpreter=word())
    warning = {
        "to": [{"agency": PROBATION}],
        "risk": "suicide",
        "text": word(),
        "justification": f"Because {word()} rang.",
    }
    await prison.post(f"{person.path}/warnings", warning)
    pull = {"person": f"noms:{NOMS}", "category": "risk-markers", "justification": f"Because {word()} was found."}
    await world.desk(PROBATION).post("/emergency-requests", pull)
    referral = {
        "person": person.id,
        "to_agency": TRUST,
        "needs": ["mental-health"],
        "reason": word(),
        "urgency": "urgent",
        "statutory": False,
        "previous_contact": word(),
        "location": word(),
    }
    await prison.post("/referrals", referral)
    await world.sees(CHARITY, person, day)
    await world.withdraw(person)
    await world.sees_nothing(CHARITY, person)
    return person


async def malformed(world: World, person: Person) -> list[Answer]:
    """The same words where they do not belong."""
    desks = [world.desk(agency) for agency in (NORTHGATE, PROBATION, POLICE)]
    answers: list[Answer] = []
    for desk in desks:
        calls: list[tuple[str, str, Any]] = [
            ("PUT", f"/people/noms:{NOMS}", {word(): word(), "name": word()}),
            ("PUT", f"/people/noms:{word()}", {"name": {"family": word(), "given": "\0" + word()}}),
            ("PUT", f"{person.path}/sections/accommodation", {"status": word(), "support": [word()]}),
            ("POST", f"{person.path}/consents", {"decision": word(), "how": word(), "valid_until": word()}),
            ("POST", "/people/lookup", {"identifier": {"scheme": "nhs", "value": word()}}),
            ("POST", "/people/lookup", {"identifier": {"scheme": word(), "value": NHS}}),
            ("POST", "/emergency-requests", {"person": f"nhs:{NHS}", "category": word(), "justification": word()}),
            ("POST", "/referrals", {"person": f"noms:{NOMS}", "reason": word(), "needs": [word()]}),
            ("GET", f"/people?name={word()}", None),
            ("GET", f"/feed?after={word()}", None),
            ("GET", f"/{word()}/noms:{NOMS}", None),
            ("GET", f"/people/nhs:{NHS}", None),
            ("GET", f"/referrals?person_id=noms:{NOMS}", None),
            (word(), f"/people/noms:{NOMS}", None),
        ]
        answers += [await desk.call(method, path, body) for method, path, body in calls]
        path = f"/people/noms:{NOMS}"
        for raw in (f'{{"name": "{word()}', f'["{word()}"]', f'{{"name": {{"family": "{word()}\\ud800"}}}}'):
            answers.append(await desk.call("PUT", path, content=raw.encode()))
        answers.append(await desk.call("PUT", path, {}, headers={"if-match": word(), "traceparent": word()}))
        answers.append(await desk.call("POST", f"{person.path}/consents", {}, headers={"idempotency-key": word()}))
    prison = world.desk(NORTHGATE)
    lines = [f'{{"person": "noms:{NOMS}", "date": "{word()}"}}', f'{{"person": "{word()}', f'"{word()}"', word()]
    bulk = await prison.call("POST", "/release-dates/bulk", content="\n".join(lines).encode(), timeout_s=60)
    assert WORD not in bulk.body.decode()
    for message in (
        {"eventType": word(), "additionalInformation": {"nomsNumber": NOMS}},
        {"eventType": "prisoner-offender-search.prisoner.released", "additionalInformation": {"nomsNumber": word()}},
        {"Type": "Notification", "Message": word()},
    ):
        answers.append(await prison.call("POST", "/events", message))
    form = f"grant_type=client_credentials&client_id={word()}&client_secret={word()}&user={word()}"
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answers.append(await world.http.request("POST", "/oauth2/token", content=form.encode(), headers=headers))
    return answers
