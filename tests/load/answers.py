"""A world that asks once and keeps count: under load each answer is looked at, and none is mended by asking again."""

from dataclasses import dataclass, field
from typing import Any

from chassis.http_client import Answer, UpstreamUnavailable
from tests.faults.client import Answers
from tests.system.world import KINDS, World
from throughgate.client import Desk, Refused

LATER = (429, 503)


@dataclass
class Told(Answers):
    """What was answered. `silent` refusals for now do not say when to ask again."""

    silent: int = 0

    def note(self, answer: Answer) -> str:
        if answer.status in LATER and not answer.headers.get("retry-after", "").isdigit():
            self.silent += 1
        return super().note(answer)

    @property
    def taken(self) -> int:
        return sum(count for status, count in self.statuses.items() if status < 300)

    @property
    def refused(self) -> int:
        return sum(self.statuses[status] for status in LATER)

    @property
    def wrong(self) -> int:
        """Neither done nor refused for now; or not answered at all."""
        return self.statuses.total() - self.taken - self.refused + self.unreached

    def __str__(self) -> str:
        said = ", ".join(f"{count} {code}" for code, count in self.codes.most_common())
        return f"{self.taken} done, {said or 'none refused'}, {self.unreached} without an answer"


class CountingDesk(Desk):
    """A desk that asks once, and waits so long."""

    told: Told
    patience_s: float

    async def ask(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        try:
            answer = await self.call(method, path, body, timeout_s=self.patience_s, **options)
        except UpstreamUnavailable:
            self.told.unreached += 1
            raise
        self.told.note(answer)
        if not answer.ok:
            raise Refused(answer, f"{method} {path.split('/')[1]} as {self.agency}")
        return answer.json()


@dataclass
class CountingWorld(World):
    """The world of system tests whose desks ask once, and wait `patience_s` for an answer."""

    told: Told = field(default_factory=Told)
    patience_s: float = 60.0

    def desk(self, agency: str) -> Desk:
        if agency not in self._desks:
            desk = CountingDesk(self.http, agency, KINDS[agency], user="dana.whitlock")
            desk.told, desk.patience_s = self.told, self.patience_s
            self._desks[agency] = desk
        return self._desks[agency]
