"""BaRS messages about a person, a receiver and a referral that there are, with one thing wrong: they come all the way
to the owners, and still there is no fault, and nothing of them in a refusal."""

import json
from collections import Counter
from random import Random

import httpx2
import pytest

from tests.badinput import bars
from tests.badinput.gateways import AGENCIES, NOMS
from tests.badinput.test_messages import COUNT, FHIR, RECEIVERS, refused_in_words_of_its_own
from tests.isolation.calls import CONSENT
from tests.isolation.steps import EVERYTHING
from tests.support.pipe import Pipe
from tests.support.tokens import TOKENS

PRISON = ("hmp-northgate", "prison")
ANSWERING = ("mental-health", "drug-alcohol", "liaison-diversion", "provider")
"""Whom a prison's referral reaches on consent alone; to the others the agreement wants more than that."""
FIRST_DOORS = {"no-such-receiver", "malformed", "not-a-message", "unsupported-media-type", "event-not-served"}
"""Refusals for which nobody had to be looked for."""


@pytest.fixture(scope="module")
async def agreed(pipe: Pipe, names: dict[str, str]) -> None:
    """The person agrees to referrals to everyone who receives them."""
    said = CONSENT | {
        "categories": EVERYTHING["categories"],
        "recipients": [{"agency": AGENCIES[kind]} for kind in RECEIVERS],
        "purposes": EVERYTHING["purposes"],
    }
    answer = await pipe.call(*PRISON, "POST", f"/people/noms:{NOMS}/consents", said)
    assert answer.status_code == 201, answer.text
    await pipe.settle()


async def speak(pipe: Pipe, who: tuple[str, str], kind: str, raw: bytes) -> httpx2.Response:
    headers = {**TOKENS.headers(*who), "content-type": FHIR}
    return await pipe.http.post(f"/{kind}/fhir/$process-message", headers=headers, content=raw, timeout=60)


async def refer(pipe: Pipe, kind: str, message: bars.Message) -> str:
    """The id of the referral that comes of a message with nothing wrong."""
    answer = await speak(pipe, PRISON, kind, json.dumps(message).encode())
    assert answer.status_code == 200, answer.text
    return next(
        str(each["resource"]["id"])
        for each in answer.json()["entry"]
        if each["resource"]["resourceType"] == "ServiceRequest"
    )


def code_of(answer: httpx2.Response) -> str:
    if answer.status_code == 200:
        return "taken"
    return str(answer.json()["issue"][0]["details"]["coding"][0]["code"])


@pytest.mark.timeout(0)
@pytest.mark.usefixtures("agreed")
async def test_spoilt_requests_about_somebody(pipe: Pipe) -> None:
    said, taken = Counter[str](), set[str]()
    async with pipe.carrying():
        for seed in range(2 * COUNT):
            rng, kind = Random(f"about somebody {seed}"), RECEIVERS[seed % len(RECEIVERS)]
            message = bars.request(AGENCIES[kind])
            if seed % 4 == 3:
                await refer(pipe, kind, message)
                message = bars.change(message, rng)
            raw = bars.spoilt_where_it_is_read(message, rng)
            answer = await speak(pipe, PRISON, kind, raw)
            refused_in_words_of_its_own(answer, f"{kind}, seed {seed}, {raw[:300]!r}", FHIR)
            said[code_of(answer)] += 1
            taken |= {kind} if answer.status_code == 200 else set()
    assert taken == set(RECEIVERS), said
    assert len(set(said) - FIRST_DOORS - {"taken"}) > 2, f"refusals came before anybody was looked for: {said}"


@pytest.mark.timeout(0)
@pytest.mark.usefixtures("agreed")
async def test_spoilt_answers_to_referrals(pipe: Pipe) -> None:
    said, taken, waiting = Counter[str](), set[str](), dict[str, str]()
    for seed in range(COUNT):
        rng, kind = Random(f"answers {seed}"), ANSWERING[seed % len(ANSWERING)]
        if not waiting:
            waiting = {each: await refer(pipe, each, bars.request(AGENCIES[each])) for each in ANSWERING}
            await pipe.settle()
        referral = waiting.get(kind) or waiting[min(waiting)]
        raw = bars.spoilt_where_it_is_read(bars.response(referral, rng), rng)
        answer = await speak(pipe, (AGENCIES[kind], kind), kind, raw)
        refused_in_words_of_its_own(answer, f"{kind} answers, seed {seed}, {raw[:300]!r}", FHIR)
        said[code_of(answer)] += 1
        if answer.status_code == 200:
            assert waiting.pop(kind) == referral, "somebody else's referral is answered"
            taken.add(kind)
    await pipe.settle()
    assert taken == set(ANSWERING), said
    assert len(set(said) - FIRST_DOORS - {"taken"}) > 1, f"refusals came before the referral was looked for: {said}"
