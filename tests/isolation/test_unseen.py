"""Who may not know a person gets, on every route of every gateway, the very answer that is given for nobody."""

import json
import re
from dataclasses import dataclass

import pytest

from chassis.ids import new_id
from contracts.codes import RECEIVING
from tests.isolation.answers import like, nobody, tried
from tests.isolation.calls import BODIES, LISTS, NO_SECRET, filled, routes
from tests.support.pipe import Pipe
from tests.support.tokens import TOKENS

PRISON = ("hmp-northgate", "prison")
PROBATION = ("probation-north", "probation")
TRUST = ("mht-riverside", "mental-health")
STRANGERS = {
    "hmp-southmoor": "prison",
    "health-northgate": "prison-health",
    "police-north": "police",
    "court-northtown": "court",
    "mht-moorland": "mental-health",
    "das-riverside": "drug-alcohol",
    "ld-north": "liaison-diversion",
    "housing-northtown": "housing",
    "yot-northtown": "youth",
    "benefits-north": "benefits",
    "charity-newstart": "provider",
    "charity-gatehouse": "provider",
}
OPEN_TO_WHOEVER_HAS_THE_NUMBER = {("PUT", "/people/{person}"), ("PUT", "/people/{person}/involvement")}
"""Registering and claiming. A claim says whether there is such a person, and stands in the log for it."""


@dataclass(frozen=True, slots=True)
class Known:
    """A person with something of everything, or nobody: the names that a call may use."""

    names: dict[str, str]


@pytest.fixture(scope="module")
async def someone(pipe: Pipe) -> Known:
    """Held, dated, supervised, referred, asked about, consenting, warned about; none of it known to a stranger."""
    noms = "S1001NN"
    person = await _made(pipe, *PRISON, "PUT", f"/people/noms:{noms}", {**BODIES["PUT", "/people/{person}"]})
    at = f"/people/{person['person_id']}"
    names = {"person": person["person_id"], "noms": noms, "date_type": "CRD", "agency": "police-north"}
    await _made(pipe, *PROBATION, "PUT", f"/people/noms:{noms}", BODIES["PUT", "/people/{person}"])
    claim = {"roles": ["offender-manager"], "reference": "X900001"}
    await _made(pipe, *PROBATION, "PUT", f"/people/noms:{noms}/involvement", claim)
    for agency in (PRISON, PROBATION):
        for (method, path), body in BODIES.items():
            if "/sections/" in path and not (agency == PROBATION and "medication" in path):
                await pipe.call(*agency, method, filled(path, names), body)
    push = await _made(
        pipe, *PRISON, "PUT", f"{at}/release-dates/CRD", BODIES["PUT", "/people/{person}/release-dates/{date_type}"]
    )
    consent = BODIES["POST", "/people/{person}/consents"] | {
        "recipients": [{"agency": TRUST[0]}, {"agency": PROBATION[0]}],
        "categories": ["identity", "release-date", "referral", "referral-status", "known-to-service"],
        "purposes": ["direct-care", "offender-management"],
    }
    given = await _made(pipe, *PRISON, "POST", f"{at}/consents", consent)
    refer = filled(BODIES["POST", "/referrals"], names)
    referral = await _made(pipe, *PRISON, "POST", "/referrals", refer)
    ask = BODIES["POST", "/people/{person}/screening-requests"]
    screening = await _made(pipe, *PROBATION, "POST", f"{at}/screening-requests", ask)
    warning = {**BODIES["POST", "/people/{person}/warnings"], "to": [{"agency": PROBATION[0]}]}
    await _made(pipe, *PRISON, "POST", f"{at}/warnings", warning, member="dana")
    await pipe.settle()
    return Known(
        names
        | {
            "release_id": push["release_id"],
            "consent_id": given["consent_id"],
            "referral_id": referral["referral_id"],
            "screening_id": screening["screening_id"],
            "appointment_id": new_id(),
        }
    )


async def _made(pipe: Pipe, agency: str, kind: str, method: str, path: str, body: object, **how: str) -> dict[str, str]:
    answer = await pipe.call(agency, kind, method, path, body, **how)  # type: ignore[arg-type]
    assert answer.status_code in (200, 201, 202), (path, answer.text)
    await pipe.settle()
    made: dict[str, str] = answer.json()
    return made


def test_every_route_is_tried_or_named(pipe: Pipe) -> None:
    lists = {("GET", path.split("?")[0]) for path in LISTS}
    for kind in set(STRANGERS.values()):
        for route in routes(pipe, kind):
            here = (route.method, route.path)
            assert route.names_something or here in NO_SECRET | lists, f"{here} is in no table of tests/isolation"
            assert route.method in ("GET", "DELETE") or here in BODIES or here in NO_SECRET, f"{here} has no body"


@pytest.mark.parametrize("agency", STRANGERS)
async def test_a_person_whom_it_may_not_know_is_nobody_to_an_agency(pipe: Pipe, someone: Known, agency: str) -> None:
    kind = STRANGERS[agency]
    calls = 0
    for route in routes(pipe, kind):
        if not route.names_something or (route.method, route.path) in OPEN_TO_WHOEVER_HAS_THE_NUMBER:
            continue
        for reference in ("{person}", "noms:{noms}"):
            named = [
                {**names, "person": filled(reference, names)} if "{person}" in f"{route.path}{route.body}" else names
                for names in (someone.names, nobody())
            ]
            unseen, none = [await tried(pipe, agency, kind, route, names) for names in named]
            assert unseen == none, f"{route.method} {route.path} tells {agency} of {reference}"
            assert unseen[0] in ((200,) if route.raw else (403, 404, 409, 422, 412)), (route, unseen)
            calls += 1
    assert calls > 40
    for path in LISTS:
        answer = await pipe.call(agency, kind, "GET", path)
        for name in ("person", "noms", "release_id", "consent_id", "referral_id", "screening_id"):
            assert someone.names[name] not in answer.text, f"{path} shows {agency} the {name}"


@pytest.mark.parametrize("agency", [name for name, kind in STRANGERS.items() if kind in RECEIVING])
async def test_a_referral_of_others_is_none_in_fhir_either(pipe: Pipe, someone: Known, agency: str) -> None:
    kind = STRANGERS[agency]
    told = []
    for names in (someone.names, nobody()):
        path = f"/{kind}/fhir/Bundle/{names['referral_id']}"
        told.append(like(await pipe.http.get(path, headers=TOKENS.headers(agency, kind)), names))
    assert told[0] == told[1]
    assert told[0][0] == 404


async def test_registering_a_person_whom_others_know_answers_as_for_somebody_new(pipe: Pipe, someone: Known) -> None:
    answers = []
    for noms in (someone.names["noms"], "S2002NN"):
        answer = await pipe.call(
            "ld-north", "liaison-diversion", "PUT", f"/people/noms:{noms}", BODIES["PUT", "/people/{person}"]
        )
        status, headers, body = like(answer, {"noms": noms})
        answers.append((status, set(headers), re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "id", body)))
        again = await pipe.call("ld-north", "liaison-diversion", "GET", f"/people/{answer.json()['person_id']}")
        assert set(again.json()) - {"person_id", "identity"} <= {"referrals", "warnings", "engagement"}
    assert answers[0] == answers[1]
    assert answers[0][0] == 201
    assert json.loads(answers[0][2])["identifiers"] == [{"scheme": "noms", "value": "noms"}]
