"""What every act has at hand: the agencies' desks, the people, and a list of what held and what did not."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

from throughgate.client import Desk
from throughgate.demo.people import MadeUp

T = TypeVar("T")

PATIENCE_S = 30.0


@dataclass(frozen=True)
class Check:
    """One claim of the story, and whether it held when it was looked at."""

    claim: str
    held: bool
    seen: str = ""


@dataclass
class Stage:
    """Carries a story from act to act. `say` shows a line; `ids` maps a reference to the person's opaque id."""

    desks: Mapping[str, Desk]
    people: list[MadeUp]
    today: date
    say: Callable[[str], None]
    progress: Callable[[str, int, int], None]
    checks: list[Check] = field(default_factory=list)
    ids: dict[str, str] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)

    def check(self, claim: str, held: object, seen: str = "") -> None:
        """Writes down whether a claim held, and shows it."""
        self.checks.append(Check(claim, bool(held), seen))
        self.say(f"  {'✓' if held else '✗'} {claim}" + (f" ({seen})" if seen else ""))

    async def view(self, agency: str, person: MadeUp) -> dict[str, Any]:
        """What the agency sees of the person; empty where it may not know that there is one."""
        answer = await self.desks[agency].call("GET", f"/people/{self.ids[person.reference]}")
        return dict(answer.json()) if answer.ok else {}

    async def release(self, agency: str, person: MadeUp) -> dict[str, Any]:
        """The content of the release date in the agency's view; empty if it sees none."""
        section = (await self.view(agency, person)).get("release")
        return dict(section["content"]) if section else {}


async def until(ask: Callable[[], Awaitable[T]], *, patience_s: float = PATIENCE_S) -> tuple[T, float]:
    """Asks until the answer is truthy or patience ends; the last answer, and the seconds that took."""
    started = time.perf_counter()
    while True:
        answer = await ask()
        took = time.perf_counter() - started
        if answer or took > patience_s:
            return answer, took
        await asyncio.sleep(0.02)


async def each(items: list[T], work: Callable[[T], Awaitable[object]], *, at_once: int = 8) -> None:
    """Does `work` for every item, a few at a time."""
    gate = asyncio.Semaphore(at_once)

    async def one(item: T) -> None:
        async with gate:
            await work(item)

    await asyncio.gather(*(one(item) for item in items))
