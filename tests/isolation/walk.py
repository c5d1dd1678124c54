"""Agencies doing anything they can think of at their gateways, every answer searched for what is not theirs.

Whatever an agency writes carries a marker of its own, which says who wrote it, about whom and in which category; an
answer that holds a marker is held to `knowledge`. What one agency does with a person changes nothing that another,
which may not know that person, can look at; and at every route such a stranger is answered as if there were nobody.
"""

import itertools
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import httpx2

from tests.isolation.agencies import AUDITOR, KINDS, PARTIES
from tests.isolation.calls import Route, routes
from tests.isolation.knowledge import Knowledge, Referral, Share
from tests.isolation.shares import Said
from tests.support.pipe import Pipe

MARKER = re.compile(r"Zq[0-9a-f]{6}|20[3-9]\d-\d\d-\d\d(?:T\d\d:\d\d)?")
"""A word, a day or a minute of which it is known who wrote it; most days of an answer are nobody's."""
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
PERSONS = 2
_numbers = itertools.count(1)
_days = itertools.count(1)
_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"


@dataclass
class Counted:
    """Over all walks: requests, markers of others rightly shown by category, lines of ledgers, strangers' calls."""

    requests: int = 0
    shown: Counter[str] = field(default_factory=Counter)
    judged: Counter[str] = field(default_factory=Counter)
    """Items and sections rightly shown, by category."""
    named: int = 0
    strange: int = 0
    called: set[tuple[str, str, str]] = field(default_factory=set)
    """Kind, method and path of every route that was called."""
    feeds: dict[str, str] = field(default_factory=dict)
    """Where each agency's feed ended when it was last read."""
    known: dict[str, list[Route]] = field(default_factory=dict)

    def routes(self, pipe: Pipe, kind: str) -> list[Route]:
        """Every route of a kind, made once: writing a gateway's document takes a while."""
        if kind not in self.known:
            self.known[kind] = routes(pipe, kind)
        return self.known[kind]


@dataclass
class Walk:
    """Persons, markers and ids of one walk, over a pipe on which there were others before it."""

    pipe: Pipe
    counted: Counted
    random: Random
    knowledge: Knowledge = field(default_factory=Knowledge)
    noms: list[str] = field(default_factory=lambda: [_number() for _ in range(PERSONS)])
    ids: dict[str, int] = field(default_factory=dict)
    """Every id that stands for something of a person: of the person, a release, a referral and so on."""
    written: dict[str, tuple[str, int, str]] = field(default_factory=dict)
    ends: set[str] = field(default_factory=set)
    """Whom a step was between, who look what it brought them."""
    releases: dict[int, str] = field(default_factory=dict)
    consents: dict[int, str] = field(default_factory=dict)
    pictures: dict[str, dict[str, Any]] = field(default_factory=dict)
    cursors: dict[str, str] = field(default_factory=dict)
    starts: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.starts.update(self.counted.feeds)

    def mark(self, agency: str, person: int, category: str) -> str:
        """A word that nobody else uses."""
        word = f"Zq{next(_numbers):06x}"
        self._written(agency, person, category, word)
        return word

    def _written(self, agency: str, person: int, category: str, word: str) -> None:
        self.written[word] = (agency, person, category)
        self.knowledge.written.add((agency, person, category))

    def day(self, agency: str, person: int, category: str) -> date:
        """A day that nobody else uses, and that no rule makes of another such day."""
        found = date(2031, 1, 1) + timedelta(days=97 * next(_days))
        self._written(agency, person, category, found.isoformat())
        return found

    def minute(self, agency: str, person: int, category: str) -> datetime:
        """A minute that nobody else uses."""
        found = datetime(2031, 3, 5, tzinfo=UTC) + timedelta(minutes=next(_days))
        self._written(agency, person, category, found.strftime("%Y-%m-%dT%H:%M"))
        return found

    def number(self) -> int:
        """A number that was not used yet."""
        return next(_numbers)

    def path(self, person: int) -> str:
        return f"/people/noms:{self.noms[person]}"

    def id_of(self, person: int) -> str | None:
        """The person's opaque id, if anybody has registered them."""
        return next((found for found, whose in self.ids.items() if whose == person), None)

    def exists(self, person: int) -> bool:
        return person in self.ids.values()

    async def call(self, agency: str, method: str, path: str, body: Any = None, **how: Any) -> httpx2.Response:
        """A call, and a search of its answer."""
        answer = await self.pipe.call(agency, KINDS[agency], method, path, body, **how)
        self.note(agency, method, path)
        assert answer.status_code < 500, f"{method} {path}: {answer.text}"
        self.search(agency, method, path, answer)
        return answer

    def note(self, agency: str, method: str, path: str) -> None:
        """Count a request at the route that it was for."""
        self.counted.requests += 1
        kind, segments = KINDS[agency], path.partition("?")[0].split("/")
        fits = [
            route.path
            for route in self.counted.routes(self.pipe, kind)
            if route.method == method and _fits(route.path.split("/"), segments)
        ]
        if fits:
            self.counted.called.add((kind, method, min(fits, key=lambda found: found.count("{"))))

    def search(self, agency: str, method: str, path: str, answer: httpx2.Response) -> None:
        """Every marker and id in the answer is one that its reader may have."""
        everything = answer.text + str(answer.headers.raw)
        past = "/feed" in path or "/disclosures" in path
        for word in set(MARKER.findall(everything)):
            if word not in self.written:
                continue  # of a walk before this one, over the same pipe, and judged there
            source, person, category = self.written[word]
            if source == agency:
                continue
            share = Share(agency, person, category, source)
            allowed = self.knowledge.ever(share) if past else self.knowledge.now(share)
            assert allowed, f"{method} {path} shows {agency} the {category} that {source} wrote of person {person}"
            self.counted.shown[category] += 1
        for found in set(ID.findall(everything)) & set(self.ids):
            person = self.ids[found]
            assert self.knowledge.knows_of(agency, person), f"{method} {path} shows {agency} that person {person} is"

    async def settle(self) -> None:
        """Carry everything to its end, and take down who may know what by now."""
        await self.pipe.settle()
        self.knowledge.learn()
        for each in PARTIES:
            if any(self.knowledge.knows_of(each, person) for person in range(PERSONS)):
                self.pictures.pop(each, None)

    def somebody(self, agency: str, person: int) -> str:
        """The agency, or as often one that knows the person: of the others most deeds come to nothing."""
        knowing = [each for each in PARTIES if self.knowledge.knows_of(each, person)]
        return self.random.choice(knowing) if knowing and self.random.random() < 0.5 else agency

    def newcomer(self, method: str, path: str) -> str:
        """An agency of a kind that has not called this route yet; any, once all have."""
        fresh = [each for each in PARTIES if (KINDS[each], method, path) not in self.counted.called]
        return self.random.choice(fresh or PARTIES)

    def latecomer(self) -> str:
        """An agency of the kind of whose routes the most have not been called yet."""

        def uncalled(agency: str) -> int:
            every = self.counted.routes(self.pipe, KINDS[agency])
            return sum((KINDS[agency], each.method, each.path) not in self.counted.called for each in every)

        return max(PARTIES, key=uncalled)

    def some(self, agency: str, routes: list[Route], count: int) -> list[Route]:
        """So many of these routes, first those that this kind has not called yet."""
        fresh = [each for each in routes if (KINDS[agency], each.method, each.path) not in self.counted.called]
        chosen = self.random.sample(fresh, min(count, len(fresh)))
        rest = [each for each in routes if each not in chosen]
        return chosen + self.random.sample(rest, min(count - len(chosen), len(rest)))

    def judge(self, agency: str, path: str, said: Iterable[Said], *, past: bool) -> None:
        """What an answer says that it shares is what its reader may have, or might have had."""
        for id_of_person, category, source in said:
            person = self.ids.get(id_of_person)
            if person is None or source == agency:
                continue
            share = Share(agency, person, category, source)
            allowed = self.knowledge.ever(share) if past else self.knowledge.now(share)
            assert allowed, f"{path} shares with {agency} the {category} that {source} has of person {person}"
            self.counted.judged[category] += 1

    def may_not_have(self, agency: str, referral: Referral) -> bool:
        """Whether a referral is nothing to this agency."""
        return agency != AUDITOR and not self.knowledge.has(agency, referral)


def _fits(template: list[str], segments: list[str]) -> bool:
    return len(template) == len(segments) and all(
        each == found or each.startswith("{") for each, found in zip(template, segments, strict=True)
    )


def _number() -> str:
    serial = next(_numbers)
    letters = _LETTERS[serial // 10000 % 23] + _LETTERS[serial // 230000 % 23]
    return f"W{serial % 10000:04d}{letters}"
