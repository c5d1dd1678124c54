"""Two senders and two receivers doing what they like with referrals, at their gateways, step by step with a model.

Every free text that somebody writes carries a word of its own, which says who wrote it in which referral; whatever an
agency is answered is searched for the words of others. After each step, when nothing is under way any more,
`referral_looks` holds what every agency can see to the model.
"""

import asyncio
import itertools
import re
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from chassis.clock import now
from chassis.http_client import Answer
from chassis.ids import new_id
from tests.support.settled import settled
from tests.system.referral_model import NHS, PRISON, PROBATION, RECEIVERS, End, Model, Referral
from tests.system.world import Person, World

WORD = re.compile(r"Zw[0-9a-f]{6}")
PERSONS = 2
TODAY = now().date()
_words = itertools.count(1)


@dataclass
class Counted:
    """Over all walks."""

    steps: int = 0
    requests: int = 0
    silent: int = 0
    shown: int = 0


@dataclass
class Walk:
    world: World
    model: Model
    counted: Counted
    people: list[Person] = field(default_factory=list)
    dates: dict[int, date] = field(default_factory=dict)
    release_ids: dict[int, str] = field(default_factory=dict)
    words: dict[str, tuple[str, str]] = field(default_factory=dict)
    versions: dict[tuple[str, str], int] = field(default_factory=dict)
    withdrawn: dict[str, datetime] = field(default_factory=dict)
    given: dict[int, list[str]] = field(default_factory=dict)
    after: dict[str, str] = field(default_factory=dict)
    tried: set[tuple[str, str]] = field(default_factory=set)
    touched: int = 0
    """The person of the last step."""

    async def begin(self) -> None:
        """New persons, in the prison's custody and supervised, with a release date."""
        for number in range(PERSONS):
            person = await self.world.person()
            self.people.append(person)
            await self.world.supervise(person)
            await self.push(number, 100)
        await self.settle()
        for agency in (*RECEIVERS, PRISON, PROBATION):
            _, self.after[agency] = await self.world.desk(agency).feed()

    async def settle(self) -> None:
        await settled(self.world.stack, every=0.1)
        self.model.settle()

    def word(self, agency: str, referral: str) -> str:
        """A word that nobody else uses; `referral` may be empty while it has no id yet."""
        word = f"Zw{next(_words):06x}"
        self.words[word] = (agency, referral)
        return word

    async def call(self, agency: str, method: str, path: str, body: Any = None, **how: Any) -> Answer:
        """A call at the agency's gateway, made again with the same key where a busy machine answers 503."""
        headers = how.pop("headers", {}) | ({"idempotency-key": new_id()} if method == "POST" else {})
        self.counted.requests += 1
        for pause in (0.5, 2.0, 5.0, None):
            answer = await self.world.desk(agency).call(method, path, body, headers=headers, **how)
            if answer.status != 503 or pause is None:
                break
            await asyncio.sleep(pause)
        assert answer.status < 500, (method, path, answer.status)
        return answer

    async def etag(self, agency: str, it: Referral) -> str:
        return str((await self.call(agency, "GET", f"/referrals/{it.id}")).headers["etag"])

    async def act(self, agency: str, it: Referral, action: str, body: Any, etag: str | None = None) -> Answer:
        etag = etag or await self.etag(agency, it)
        return await self.call(agency, "POST", f"/referrals/{it.id}/{action}", body, headers={"if-match": etag})

    async def refer(self, sender: str, receiver: str, person: int, *, ordered: bool) -> Referral:
        self.touched = person
        word = self.word(sender, "")
        body: dict[str, Any] = {
            "person": self.people[person].id,
            "to_agency": receiver,
            "needs": ["mental-health"],
            "reason": f"Asks for help before release {word}.",
            "urgency": "routine",
            "statutory": ordered,
        }
        if ordered:
            body["order_reference"] = f"Order {self.word(sender, '')}"
        answer = await self.call(sender, "POST", "/referrals", body)
        assert answer.status == 201, answer.status
        referral = str(answer.json()["referral_id"])
        for each, (agency, about) in self.words.items():
            if not about:
                self.words[each] = (agency, referral)
        it = Referral(referral, person, sender, receiver, ordered, End("submitted"), End("submitted"))
        self.model.referrals.append(it)
        return it

    async def answer(self, it: Referral, action: str, *, onward: bool = False) -> Answer:
        """The receiver does this, whether or not it may; the answer is as the model says."""
        self.touched = it.person
        body, said = self._answer_of(it, action, onward=onward)
        made = await self.act(it.receiver, it, action, body)
        if self.model.receiver_does(it, action):
            assert made.status in (200, 201), (action, made.status, it)
            it.reason_code = said.get("reason_code")
            it.onward = said.get("onward")
            if at := said.get("appointment_at"):
                it.appointment_at = min(at, it.appointment_at or at)
        else:
            assert_not_allowed(made, it.had.state, action)
        return made

    async def send(self, it: Referral, action: str) -> Answer:
        """The sender does this, whether or not it may."""
        self.touched = it.person
        body: Any = {"reason_code": "NEE"} if action in ("withdrawal", "closure") else None
        if action == "information":
            body = {"answer": f"Since spring {self.word(it.sender, it.id)}."}
        made = await self.act(it.sender, it, action, body)
        if self.model.sender_does(it, action):
            assert made.status == 200, (action, made.status, it)
            it.own_reason = "NEE" if body and "reason_code" in body else it.own_reason
        else:
            assert_not_allowed(made, it.sent.state, action)
        return made

    async def at_once(self, it: Referral, first: str, second: str) -> None:
        """Two of the receiver's staff answer what both have on their screens: one wins, and is not lost."""
        self.touched = it.person
        etag = await self.etag(it.receiver, it)
        bodies = [self._answer_of(it, each) for each in (first, second)]
        both = await asyncio.gather(
            *(
                self.act(it.receiver, it, action, body, etag)
                for action, (body, _) in zip((first, second), bodies, strict=True)
            )
        )
        won = [place for place, each in enumerate(both) if each.ok]
        assert len(won) == 1, [each.status for each in both]
        assert both[1 - won[0]].status in (409, 412)
        action, (_, said) = (first, second)[won[0]], bodies[won[0]]
        assert self.model.receiver_does(it, action)
        it.reason_code, it.onward = said.get("reason_code"), said.get("onward")

    async def consent(self, person: int, by: str, receivers: tuple[str, ...]) -> None:
        self.touched = person
        given = await self.world.consent(
            self.people[person],
            *receivers,
            by=by,
            categories=["identity", "referral", "release-date"],
            purposes=["direct-care"],
            statement={"id": "referral-leaflet", "version": "1"},
        )
        self.given.setdefault(person, []).append(given)
        self.model.consented |= {(person, receiver) for receiver in receivers}

    async def withdraw(self, person: int, by: str) -> None:
        self.touched = person
        at = await self.world.withdraw(self.people[person], by=by)
        for given in self.given.pop(person, []):
            self.withdrawn[given] = at
        self.model.consented = {each for each in self.model.consented if each[0] != person}

    async def object(self, person: int, by: str) -> None:
        self.touched = person
        body = {"categories": ["release-date"], "recipients": [{"agency": NHS}], "purposes": ["direct-care"]}
        answer = await self.call(by, "POST", f"{self.people[person].path}/objections", body)
        assert answer.status == 201, answer.status
        self.model.objected.add(person)

    async def push(self, person: int, days: int) -> None:
        self.touched = person
        day = TODAY + timedelta(days=days)
        pushed = await self.world.push(self.people[person], day)
        self.dates[person], self.release_ids[person] = day, str(pushed["release_id"])

    async def find_drafts(self) -> None:
        """What a rejection that its sender heard has made: the draft of an onward referral, the sender's alone."""
        for it in list(self.model.referrals):
            if it.onward is None or it.sent.state != "rejected":
                continue
            page = (await self.call(it.sender, "GET", f"/referrals?person_id={self.people[it.person].id}")).json()
            known = {each.id for each in self.model.referrals}
            (draft,) = [each for each in page["items"] if each["referral_id"] not in known]
            assert (draft["state"], draft["to"]) == ("draft", it.onward)
            made = Referral(
                draft["referral_id"], it.person, it.sender, it.onward, it.ordered, End("draft"), End("draft")
            )
            for word, (agency, about) in list(self.words.items()):
                if about == it.id and agency == it.sender:
                    self.words[word] = (agency, f"{about} {made.id}")
            self.model.referrals.append(made)
            it.onward = None

    def _answer_of(self, it: Referral, action: str, *, onward: bool = False) -> tuple[Any, dict[str, Any]]:
        """A body for this action, and what of it the model keeps."""
        word = self.word(it.receiver, it.id)
        at = f"2031-03-{10 + len(self.words) % 18:02d}T09:30:00Z"
        other = next(each for each in RECEIVERS if each != it.receiver)
        match action:
            case "acceptance":
                support = {"team": f"Day team {word}", "interim_support": f"Weekly calls {word}."}
                return support | {"appointment_at": at}, {"appointment_at": at}
            case "rejection":
                following = {"kind": "agency", "id": other} if onward else {"kind": "none"}
                body = {"reason_code": "OTHER", "comment": f"Not with us {word}.", "next": following}
                return body, {"reason_code": "OTHER", "onward": following.get("id")}
            case "advice":
                return {"comment": f"Try the library {word}."}, {}
            case "information-request":
                return {"question": f"Since when {word}?"}, {}
            case "hold":
                return {"reason": f"No bed {word}.", "until": "2031-03-01"}, {}
            case "allocation":
                return {"team": f"Evening team {word}"}, {}
            case "outcome":
                return {"result": "prematurely-ended", "code": "declined"}, {"reason_code": "declined"}
            case "appointments":
                return {"at": at, "place": f"Room {word}"}, {"appointment_at": at}
        return None, {}


def assert_not_allowed(answer: Answer, state: str, action: str) -> None:
    """409, naming the state that this side has, and what it may do in it."""
    assert answer.status == 409, (action, answer.status, state)
    problem = answer.json()
    assert (problem["code"], problem["state"]) == ("transition-not-allowed", state), problem
    assert action not in problem["allowed_actions"]
