"""A client that lives through faults: it asks again, with the same key, until it is answered, and keeps count.

What it was answered 2xx is the record that everything is judged by.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from chassis.http_client import Answer, UpstreamUnavailable
from chassis.ids import new_id
from tests.system.world import KINDS, World
from throughgate.client import Desk, Refused

PATIENCE = 150.0
AGAIN_IN = 0.15
_AGAIN = frozenset({429, 500, 502, 503, 504})


@dataclass
class Answers:
    """What the gateways answered, by status; `unreached` is without any answer. Of bulk: lines that were answered
    `applied`, in whatever try, and answers that ended too early, after some of their lines."""

    statuses: Counter[int] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    unreached: int = 0
    applied: int = 0
    broken_off: int = 0

    def note(self, answer: Answer) -> str:
        """Counts an answer and returns its code, if it is a refusal."""
        self.statuses[answer.status] += 1
        if answer.ok:
            return ""
        problem = answer.json() if "json" in answer.headers.get("content-type", "") else {}
        code = str(problem.get("code", ""))
        self.codes[f"{answer.status} {code}"] += 1
        return code

    def miss(self, error: UpstreamUnavailable | Refused) -> None:
        """Counts a call that was not made: nobody was there, or there was no token for it."""
        self.unreached += 1
        if isinstance(error, Refused):
            self.statuses[error.status] += 1
            self.codes[f"{error.status} {error.code} (token)"] += 1


class PatientDesk(Desk):
    """A desk that asks again until it is answered. Raises Refused for what asking again does not mend."""

    answers: Answers

    async def ask(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        headers = {"idempotency-key": new_id()} if method == "POST" else {}
        headers |= options.pop("headers", None) or {}

        async def once() -> Answer:
            return await self.call(method, path, body, headers=headers, **options)

        return (await self.until_answered(once, f"{method} {path.split('/')[1]}")).json()

    async def until_answered(self, once: Callable[[], Awaitable[Answer]], what: str) -> Answer:
        """The first success of `once`, which does the same each time. Raises Refused."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                answer = await once()
            except (UpstreamUnavailable, Refused) as error:
                self.answers.miss(error)
                if time.monotonic() > deadline or (isinstance(error, Refused) and error.status < 500):
                    raise
            else:
                code = self.answers.note(answer)
                if answer.ok:
                    return answer
                again = answer.status in _AGAIN or code == "idempotency-key-in-use"
                if not again or time.monotonic() > deadline:
                    raise Refused(answer, f"{what} as {self.agency}")
            await asyncio.sleep(AGAIN_IN)


@dataclass
class FaultyWorld(World):
    """The world of system tests, whose desks are patient."""

    answers: Answers = field(default_factory=Answers)

    def desk(self, agency: str) -> PatientDesk:
        desk = self._desks.get(agency)
        if not isinstance(desk, PatientDesk):
            desk = PatientDesk(self.http, agency, KINDS[agency], user="dana.whitlock")
            desk.answers = self.answers
            self._desks[agency] = desk
        return desk
