"""A live poller of one agency's feed: it never looks back, so what it missed or met twice stays missed or met twice."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chassis.http_client import UpstreamUnavailable
from tests.faults.client import AGAIN_IN, FaultyWorld
from throughgate.client import Refused

PAGE = 40
"""Of a feed that is read once more: a fraction of what a test leaves in it."""
Seen = tuple[str, str, str]
"""Cursor, item id and type: what of an item never changes."""


@dataclass
class Poller:
    """Follows a feed from its present end until it is cancelled."""

    world: FaultyWorld
    agency: str
    after: str | None = None
    items: list[dict[str, Any]] = field(default_factory=list)
    polls: int = 0

    async def begin(self) -> None:
        """From now on: what the feed holds already is somebody else's."""
        _, self.after = await self.world.desk(self.agency).feed()
        self._begin = self.after

    async def run(self) -> None:
        while True:
            try:
                answer = await self.world.desk(self.agency).call(
                    "GET", "/feed", params={"after": self.after, "limit": 50, "wait": 2}, timeout_s=15
                )
            except (UpstreamUnavailable, Refused) as error:
                self.world.answers.miss(error)
            else:
                self.world.answers.note(answer)
                if answer.ok:
                    self.polls += 1
                    page = answer.json()
                    self.items += page["items"]
                    self.after = page["next"]
                    continue
            await asyncio.sleep(AGAIN_IN)

    def dates(self, person_id: str) -> list[str]:
        """The release dates about a person, in the order in which they came."""
        return [
            item["content"]["release_date"]
            for item in self.items
            if item["person_id"] == person_id and item["type"] == "release.date-changed" and item["content"] is not None
        ]

    async def whole(self) -> list[dict[str, Any]]:
        """The same stretch of the feed, read once more from where this poller began, in pages that do not hold it."""
        items: list[dict[str, Any]] = []
        after = self._begin
        while True:
            page = await self.world.desk(self.agency).get("/feed", after=after, limit=PAGE)
            items += page["items"]
            after = page["next"]
            if len(page["items"]) < PAGE:
                return items


def seen(items: Sequence[Mapping[str, Any]]) -> list[Seen]:
    return [(item["cursor"], item["item_id"], item["type"]) for item in items]
