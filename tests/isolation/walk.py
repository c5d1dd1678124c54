"""Agencies doing anything they can think of at their gateways, every answer searched for what is not theirs.

Whatever an agency writes carries a marker of its own, which says who wrote it, about whom and in which category; an
answer that holds a marker is held to `knowledge`. And what one agency does with a person changes nothing that another,
which may not know that person, can look at.
"""

import itertools
import re
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import httpx2

from tests.isolation.calls import CONSENT, LISTS
from tests.isolation.knowledge import KINDS, Knowledge
from tests.support.pipe import Pipe

MARKER = re.compile(r"Zq[0-9a-f]{6}")
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
PERSONS = 2
_numbers = itertools.count(1)
_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"


@dataclass
class Counted:
    """Over all walks: requests made, and markers that were rightly shown by somebody else."""

    requests: int = 0
    shown: int = 0


@dataclass
class Walk:
    pipe: Pipe
    counted: Counted
    knowledge: Knowledge = field(default_factory=Knowledge)
    noms: list[str] = field(default_factory=lambda: [_number() for _ in range(PERSONS)])
    ids: dict[str, int] = field(default_factory=dict)
    written: dict[str, tuple[str, int, str]] = field(default_factory=dict)
    pictures: dict[str, dict[str, Any]] = field(default_factory=dict)
    cursors: dict[str, str] = field(default_factory=dict)

    def mark(self, agency: str, person: int, category: str) -> str:
        """A word that nobody else uses."""
        word = f"Zq{next(_numbers):06x}"
        self.written[word] = (agency, person, category)
        return word

    async def call(self, agency: str, method: str, path: str, body: Any = None, **how: Any) -> httpx2.Response:
        """A call, and a search of its answer."""
        answer = await self.pipe.call(agency, KINDS[agency], method, path, body, **how)
        self.counted.requests += 1
        assert answer.status_code < 500, f"{method} {path}: {answer.text}"
        self._search(agency, method, path, answer)
        return answer

    def _search(self, agency: str, method: str, path: str, answer: httpx2.Response) -> None:
        everything = answer.text + str(answer.headers.raw)
        past = "/feed" in path or "/disclosures" in path
        for word in set(MARKER.findall(everything)):
            if word not in self.written:
                continue  # of a walk before this one, over the same pipe, and judged there
            source, person, category = self.written[word]
            if source == agency:
                continue
            share = (agency, person, category, source)
            allowed = self.knowledge.ever(share) if past else self.knowledge.now(share)
            assert allowed, f"{method} {path} shows {agency} the {category} that {source} wrote of person {person}"
            self.counted.shown += 1
        for found in set(ID.findall(everything)) & set(self.ids):
            person = self.ids[found]
            assert self.knowledge.knows_of(agency, person), f"{method} {path} shows {agency} that person {person} is"

    async def step(self, name: str, agency: str, person: int, other: str) -> None:
        """One thing done; then `other`, if it may not know the person, looks whether anything changed for it."""
        stranger = not self.knowledge.knows_of(other, person)
        if stranger and other not in self.pictures:
            self.pictures[other] = await self.picture(other)
        await STEPS[name](self, agency, person, other)
        await self.pipe.settle()
        self.knowledge.learn(PERSONS)
        for each in KINDS:
            if self.knowledge.knows_of(each, person):
                self.pictures.pop(each, None)
        if stranger and other in self.pictures:
            now = await self.picture(other)
            for path, was in self.pictures[other].items():
                assert now[path] == was, f"{agency} does {name}, and {other} sees it at {path}"
        await self.look(agency)
        if other != agency:
            await self.look(other)

    async def picture(self, agency: str) -> dict[str, Any]:
        """All that an agency can look at without naming anybody."""
        seen: dict[str, Any] = {}
        for path in LISTS:
            answer = await self.call(agency, "GET", path)
            seen[path] = (answer.status_code, answer.headers.get("etag"), answer.text)
        return seen

    async def look(self, agency: str) -> None:
        """Everything about every person, by id and by number, and on from another's cursor."""
        for found, person in list(self.ids.items()):
            for path in (
                f"/people/{found}",
                f"/people/noms:{self.noms[person]}/disclosures",
                f"/people/{found}/consents",
            ):
                answer = await self.call(agency, "GET", path)
                if not self.knowledge.knows_of(agency, person):
                    assert (answer.status_code, answer.json()["code"]) == (404, "person-unknown"), path
                    assert "etag" not in answer.headers
        page = await self.call(agency, "GET", "/feed?limit=500")
        mine = page.json()["next"]
        for whose, cursor in self.cursors.items():
            if whose != agency:
                stolen = await self.call(agency, "GET", f"/feed?after={cursor}")
                wrong = await self.call(agency, "GET", "/feed?after=bm90aGluZw.AAAA")
                assert (stolen.status_code, stolen.text) == (wrong.status_code, wrong.text)
        self.cursors[agency] = mine


def _number() -> str:
    serial = next(_numbers)
    letters = _LETTERS[serial // 10000 % 23] + _LETTERS[serial // 230000 % 23]
    return f"W{serial % 10000:04d}{letters}"


async def register(walk: Walk, agency: str, person: int, other: str) -> None:
    body = {
        "name": {"family": walk.mark(agency, person, "identity"), "given": walk.mark(agency, person, "identity")},
        "date_of_birth": "1990-02-03",
        "languages": [walk.mark(agency, person, "identity")],
    }
    knowledge = walk.knowledge
    knowledge.met.add((agency, person))
    answer = await walk.pipe.call(agency, KINDS[agency], "PUT", f"/people/noms:{walk.noms[person]}", body)
    walk.ids[answer.json()["person_id"]] = person
    walk._search(agency, "PUT", "/people/{person}", answer)
    first = (agency, person) not in knowledge.registered
    assert answer.status_code == (201 if first else 200), answer.text
    knowledge.registered.add((agency, person))
    if KINDS[agency] == "prison":
        holds = knowledge.holder.setdefault(person, agency) == agency
        if holds:
            knowledge.involved[agency, person] = "confirmed"
        else:
            knowledge.involved.setdefault((agency, person), "claimed")


async def claim(walk: Walk, agency: str, person: int, other: str) -> None:
    roles = {"probation": "offender-manager", "police": "iom-team", "mental-health": "mental-health-care"}
    body: dict[str, Any] = {
        "roles": [roles.get(KINDS[agency], "through-the-gate")],
        "reason": walk.mark(agency, person, "own"),
    }
    if KINDS[agency] == "probation":
        body["reference"] = f"X{100000 + int(walk.noms[person][1:5])}"
    exists = person in walk.ids.values()
    if exists:
        walk.knowledge.met.add((agency, person))
    answer = await walk.call(agency, "PUT", f"/people/noms:{walk.noms[person]}/involvement", body)
    if answer.status_code in (200, 201):
        walk.knowledge.involved[agency, person] = answer.json()["state"]
    else:
        assert not exists or answer.status_code == 422, answer.text


async def bring_in(walk: Walk, agency: str, person: int, other: str) -> None:
    path = f"/people/noms:{walk.noms[person]}/involvement/{other}"
    body = {"roles": ["through-the-gate"], "reason": walk.mark(agency, person, "own")}
    may = walk.knowledge.involved.get((agency, person)) == "confirmed" and other != agency
    if may:
        walk.knowledge.met.add((other, person))
    answer = await walk.call(agency, "PUT", path, body)
    if answer.status_code == 200:
        assert may, "an agency that is not confirmed has confirmed another"
        walk.knowledge.involved[other, person] = "confirmed"


async def leave(walk: Walk, agency: str, person: int, other: str) -> None:
    answer = await walk.call(agency, "DELETE", f"/people/noms:{walk.noms[person]}/involvement")
    if answer.status_code == 204:
        walk.knowledge.involved.pop((agency, person), None)


async def push(walk: Walk, agency: str, person: int, other: str) -> None:
    body = {
        "date": f"2031-{1 + next(_numbers) % 12:02d}-04",
        "status": "confirmed",
        "reason": "recalculation",
        "reporting": walk.mark(agency, person, "release-date"),
    }
    answer = await walk.call(agency, "PUT", f"/people/noms:{walk.noms[person]}/release-dates/CRD", body)
    if answer.status_code in (200, 201):
        assert walk.knowledge.holder.get(person) == agency


async def address(walk: Walk, agency: str, person: int, other: str) -> None:
    body = {"status": "sought", "support": walk.mark(agency, person, "accommodation")}
    await walk.call(agency, "PUT", f"/people/noms:{walk.noms[person]}/sections/accommodation", body)


async def risk(walk: Walk, agency: str, person: int, other: str) -> None:
    note = walk.mark(agency, person, "risk-markers")
    body = {"markers": [{"code": "arson", "level": "high", "note": note}]}
    await walk.call(agency, "PUT", f"/people/noms:{walk.noms[person]}/sections/risk-markers", body)


async def consent(walk: Walk, agency: str, person: int, other: str) -> None:
    body = CONSENT | {"recipients": [{"agency": other}], "evidence_ref": walk.mark(agency, person, "own")}
    answer = await walk.call(agency, "POST", f"/people/noms:{walk.noms[person]}/consents", body)
    if answer.status_code == 201:
        walk.knowledge.consented.add((other, person))


async def withdraw(walk: Walk, agency: str, person: int, other: str) -> None:
    answer = await walk.call(agency, "POST", f"/people/noms:{walk.noms[person]}/consent-withdrawals", {})
    if answer.status_code == 200:
        assert set(answer.json()) == {"withdrawn_at"}
        walk.knowledge.withdraw(person)


async def warn(walk: Walk, agency: str, person: int, other: str) -> None:
    body = {
        "to": [{"agency": other}],
        "risk": "medical",
        "text": walk.mark(agency, person, "warning"),
        "justification": f"Heard on the telephone: {walk.mark(agency, person, 'own')}",
    }
    known = (agency, person) in walk.knowledge.met
    if known and other != agency:
        for category in ("warning", "identity"):
            walk.knowledge.addressed.add((other, person, category, agency))
    await walk.call(agency, "POST", f"/people/noms:{walk.noms[person]}/warnings", body, member="sam")


STEPS: dict[str, Callable[[Walk, str, int, str], Coroutine[Any, Any, None]]] = {
    each.__name__: each for each in (register, claim, bring_in, leave, push, address, risk, consent, withdraw, warn)
}
