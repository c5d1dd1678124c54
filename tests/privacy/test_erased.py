"""A person lives through all of Throughgate and is erased: seven days later no database holds anything of them.

The stack is real and the days are honest: nothing is deleted by the test, it only asks what is due by then to be
forgotten. A second person lives the same life and keeps all of it.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest

from chassis import idempotency, unsent
from chassis.clock import now
from chassis.db import Database
from chassis.http_client import ServiceClient
from chassis.relay import KEPT
from tests.support.settled import owner_urls, settled
from tests.support.stack import MakeStack, RunningStack
from tests.support.traces import traces
from tests.system.referring import act, agree, refer, sees
from tests.system.world import AUDITOR, CHARITY, DRUGS, NORTHGATE, PROBATION, TRUST, Person, World
from throughgate.local.datadir import DataDir
from throughgate.verifying import read_key, verify_log

PROMISE = timedelta(days=7)


@dataclass
class Marks:
    """One person's own words and numbers: nobody else's are like them. Every word given out is noted."""

    stem: str
    noms: str
    nhs: str
    crn: str
    born: str
    release_on: str
    said: int = 0

    def word(self) -> str:
        self.said += 1
        return f"{self.stem}{self.said:03d}"

    @property
    def all(self) -> tuple[str, ...]:
        return (self.stem, self.noms, self.nhs, self.crn, self.born, self.release_on)


def _day(days: int) -> str:
    return (now().date() + timedelta(days=days)).isoformat()


@pytest.fixture(scope="module")
def own_stack(make_stack: MakeStack) -> Iterator[RunningStack]:
    with make_stack() as running:
        yield running


@pytest.fixture
async def world(own_stack: RunningStack) -> AsyncIterator[World]:
    async with ServiceClient(own_stack.url, timeout_s=60) as http:
        yield World(own_stack, http)


async def _live(world: World, marks: Marks) -> Person:
    """Registration, dates, consents, a referral answered at both ends, an emergency, a warning, a withdrawal."""
    prison, word = world.desk(NORTHGATE), marks.word
    family = word()
    body = {
        "identifiers": [{"scheme": "noms", "value": marks.noms}, {"scheme": "nhs", "value": marks.nhs}],
        "name": {"family": family, "given": word()},
        "date_of_birth": marks.born,
        "languages": [word()],
    }
    made = await prison.put(f"/people/noms:{marks.noms}", body)
    person = Person(made["person_id"], marks.noms, marks.crn, family)
    day = datetime.fromisoformat(marks.release_on).date()
    address = {"kind": "address", "lines": [word(), word()]}
    pushed = await world.push(person, day, reporting=word(), release_address=address)
    decision = {"decision": "kept", "reason": word()}
    await prison.put(f"/releases/{pushed['release_id']}/day-of-release-decision", decision)
    await prison.post(f"/releases/{pushed['release_id']}/address-check", {"result": "confirmed", "with": word()})
    probation = {"identifiers": [{"scheme": "noms", "value": marks.noms}], **{name: body[name] for name in NAMED}}
    await world.desk(PROBATION).put(f"/people/crn:{marks.crn}", probation)
    await world.supervise(person)
    claim = {"roles": ["through-the-gate"], "reason": word(), "reference": word()}
    await world.desk(CHARITY).put(f"/people/noms:{marks.noms}/involvement", claim)
    sections: dict[str, dict[str, Any]] = {
        "accommodation": {"status": "settled", "address": {"lines": [word()]}, "support": word()},
        "risk-markers": {"markers": [{"code": "other", "level": "low", "note": word()}]},
        "licence-conditions": {"conditions": [{"code": "c1", "kind": "bespoke", "text": word()}]},
    }
    for category, content in sections.items():
        await prison.put(f"{person.path}/sections/{category}", content)
    await world.claim(person, DRUGS, "key-worker")
    await world.consent(person, CHARITY, DRUGS, evidence_ref=word(), interpreter=word())
    warning = {
        "to": [{"agency": PROBATION}],
        "risk": "suicide",
        "text": word(),
        "justification": f"Because {word()} rang.",
    }
    await prison.post(f"{person.path}/warnings", warning)
    pull = {"person": f"noms:{marks.noms}", "category": "risk-markers", "justification": f"Because {word()} was found."}
    await world.desk(PROBATION).post("/emergency-requests", pull)
    await agree(world, person, TRUST)
    referral = await refer(world, person, TRUST, reason=word(), previous_contact=word(), location=word())
    await sees(world, TRUST, referral, state="received")
    await act(world, TRUST, referral, "acceptance", {"team": word()})
    meeting = {"at": f"{_day(20)}T09:30:00Z", "with": word(), "place": word()}
    await act(world, TRUST, referral, "appointments", meeting)
    await world.sees(CHARITY, person, day)
    await world.sees(PROBATION, person, day)
    await world.sees(DRUGS, person, day)
    await world.desk(DRUGS).delete(f"{person.path}/involvement")  # its view goes; what its feed had stays there
    await world.sees_nothing(DRUGS, person)
    _, cursor = await world.desk(CHARITY).feed()
    await world.desk(CHARITY).post("/feed/acknowledgements", {"up_to": cursor})
    return person


NAMED = ("name", "date_of_birth")


async def _erase(stack: RunningStack, person: Person) -> None:
    """As an operator does it."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "throughgate", "people", "erase", person.id, "--reason", "retention-ended"),
        *("--user", "o.lindqvist", "--yes", "--json", "--data-dir", str(stack.data_dir)),
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0
    assert json.loads(said)["person_id"] == person.id


async def _forget_what_is_due(stack: RunningStack, *, at: datetime) -> None:
    """What every relay and every service's timer will have forgotten by then."""
    for url in owner_urls(stack).values():
        database = Database(url, pool_size=1)
        async with database.transaction() as session:
            await unsent.forget_old(session, before=at - KEPT)
            await idempotency.forget_old(session, now=at)
        await database.close()


def _held(stack: RunningStack, words: Sequence[str]) -> dict[str, dict[str, set[str]]]:
    """By database and table, which of these words stand there."""
    password = DataDir.at(stack.data_dir).secrets(["postgres"])["postgres"]
    found = {name: traces(url, words, password=password) for name, url in owner_urls(stack).items()}
    return {name: tables for name, tables in found.items() if tables}


def _lasting(held: dict[str, dict[str, set[str]]]) -> dict[str, dict[str, set[str]]]:
    """Without what goes by itself."""
    passing = {"outbox", "idempotency_record", "waiting"}
    return {
        name: lasting
        for name, tables in held.items()
        if (lasting := {table: words for table, words in tables.items() if table not in passing})
    }


async def test_seven_days_after_an_erasure_no_database_holds_anything_of_the_person(world: World) -> None:
    stack = world.stack
    marks = Marks("Qzxerased", "Q8765ZX", "9434765919", "Y876543", "1987-06-05", _day(41))
    others = Marks("Qzxstaying", "Q4321ZX", "9434765870", "Y345678", "1978-05-06", _day(47))
    other = await _live(world, others)
    person = await _live(world, marks)
    await settled(stack)
    held = _held(stack, marks.all)
    assert set(held) == set(owner_urls(stack)), "a service that holds nothing of the person cannot show that it erases"
    assert {word for tables in _lasting(held).values() for words in tables.values() for word in words} == set(marks.all)
    kept = _lasting(_held(stack, others.all))
    seen = {agency: await world.view(agency, other) for agency in (CHARITY, PROBATION, TRUST, NORTHGATE)}
    assert all(seen.values())
    about_other = await world.shares(other)

    await _erase(stack, person)
    for agency in (CHARITY, PROBATION, TRUST, NORTHGATE):
        await world.sees_nothing(agency, person)
    await settled(stack)
    assert _lasting(_held(stack, marks.all)) == {}, "not erased"
    await _forget_what_is_due(stack, at=now() + PROMISE)
    assert _held(stack, marks.all) == {}, "still there after seven days"

    assert _lasting(_held(stack, others.all)) == kept, "somebody else's data was touched"
    assert {agency: await world.view(agency, other) for agency in seen} == seen
    assert await world.shares(other) == about_other
    await world.push(other, now().date() + timedelta(days=60))
    await world.sees(PROBATION, other, now().date() + timedelta(days=60))

    await _nobody_knows_them(world, person, marks)
    await _the_log_still_holds(world, person)


async def _nobody_knows_them(world: World, person: Person, marks: Marks) -> None:
    """Each agency whose feed held something of the person is told once, by id; nobody can name them any more."""
    for agency in (CHARITY, DRUGS, PROBATION, TRUST):
        items, _ = await world.desk(agency).feed()
        about = [item for item in items if item["person_id"] == person.id]
        assert [(item["type"], item["content"]) for item in about] == [("person.erased", {"person_ids": [person.id]})]
    for agency in (NORTHGATE, PROBATION, CHARITY):
        for reference in (person.id, f"noms:{marks.noms}"):
            answer = await world.desk(agency).call("GET", f"/people/{reference}")
            assert answer.status == 404


async def _the_log_still_holds(world: World, person: Person) -> None:
    """With the public key alone; and the auditor sees that somebody was erased, and not who."""
    key = read_key(world.stack.data_dir / "keys" / "share-log.pub")
    with psycopg.connect(owner_urls(world.stack)["audit"]) as connection:
        verified = verify_log(connection, key)
    assert verified.findings == ()
    assert verified.entries > 50
    auditor = world.desk(AUDITOR)
    entries = [entry async for entry in auditor.pages("/entries", kind="erasure")]
    assert [(entry["facts"], entry["agency"], entry["person_id"]) for entry in entries] == [
        ({"reason": "retention-ended"}, "operator", None)
    ]
    assert await world.shares(person) == []
    assert {item["missing"] for item in (await auditor.get("/reconciliation"))["items"]} == {0}
