"""A marked person: everything is written of them that can be, and the same words again where they do not belong."""

import base64
import itertools
from datetime import timedelta
from typing import Any

from chassis.clock import now
from chassis.http_client import Answer
from tests.privacy import deeds, outside
from tests.support.receiver import Receiver
from tests.system.world import CHARITY, NORTHGATE, POLICE, PRISON_HEALTH, PROBATION, Person, World

WORD = "Qzx"
"""Every word that a test writes about a person begins so; nothing of Throughgate's own does."""
NOMS = "Q8765ZX"
REMOVED = "Q8764ZX"
"""The number of another record of the same person, which is merged into this one."""
IN_BULK = "Q8763ZX"
"""The number of somebody who comes in a bulk of dates."""
NHS = "9434765919"
CRN = "Y876543"
SECRET = "whsec_" + base64.b64encode(b"what endpoints are told by").decode()
"""What the endpoints of those who are told are sent is signed with it."""
TRACES = (
    *(WORD.lower(), NOMS.lower(), REMOVED.lower(), IN_BULK.lower(), NHS, CRN.lower(), "1987-06-05"),
    SECRET.removeprefix("whsec_").rstrip("=").lower(),
)
_words = itertools.count(1)


def word() -> str:
    """A word that nobody has used."""
    return f"{WORD}{next(_words):04d}"


async def live(world: World, receiver: Receiver) -> Person:
    """A person of whom everything is written, shared, refused, withdrawn and warned about, and `receiver` is called."""
    prison, day, family = world.desk(NORTHGATE), now().date() + timedelta(days=40), word()
    body = {
        "identifiers": [{"scheme": "noms", "value": NOMS}, {"scheme": "nhs", "value": NHS}],
        "name": {"family": family, "given": word()},
        "date_of_birth": "1987-06-05",
        "languages": [word()],
    }
    made = await prison.put(f"/people/noms:{NOMS}", body)
    person = Person(made["person_id"], NOMS, CRN, family)
    address = {"kind": "address", "lines": [word(), word()]}
    pushed = await world.push(person, day, reporting=word(), release_address=address)
    await world.supervise(person)
    known = {name: body[name] for name in ("name", "date_of_birth", "identifiers")}
    await world.desk(PRISON_HEALTH).put(f"/people/noms:{NOMS}", known)
    claim = {"roles": ["through-the-gate"], "reason": word(), "reference": word()}
    await world.desk(CHARITY).put(f"/people/noms:{NOMS}/involvement", claim)
    await deeds.sections(world, person, word)
    await deeds.on_the_way_out(world, person, pushed, word)
    await world.consent(person, CHARITY, evidence_ref=word(), interpreter=word())
    await deeds.emergencies(world, person, word)
    await deeds.referrals(world, person, word)
    await outside.messages(world, NHS, receiver, word)
    await outside.bulk(world, IN_BULK, word)
    await deeds.screening(world, person, word)
    await world.sees(CHARITY, person, day)
    await deeds.taken_in(world, person)
    await deeds.moves(world, person, REMOVED, word)
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
    bulk = await outside.push(world, "\n".join(lines))
    assert bulk.body.count(b'"rejected"') == len(lines), bulk.body
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
