"""What the supervisor tells: one small record per thing that happened, the same for people and for programs.

Invariant: `line()` is one JSON object with `event` first; a name that a program reads never changes its meaning.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to the stack."""

    name: ClassVar[str] = "event"

    def line(self) -> str:
        return json.dumps({"event": self.name, **asdict(self)})


@dataclass(frozen=True, slots=True)
class Started(Event):
    """A process was started; `restarts` counts the times before this one."""

    name: ClassVar[str] = "started"
    service: str
    pid: int
    restarts: int = 0


@dataclass(frozen=True, slots=True)
class Answering(Event):
    """A process answers: its readiness check succeeded for the first time since it was started."""

    name: ClassVar[str] = "answering"
    service: str


@dataclass(frozen=True, slots=True)
class Died(Event):
    """A process ended although nobody asked it to; it is started again after `again_in` seconds."""

    name: ClassVar[str] = "died"
    service: str
    code: int
    again_in: float


@dataclass(frozen=True, slots=True)
class Stopped(Event):
    """A process ended because it was told to. A negative `code` is the signal that ended it."""

    name: ClassVar[str] = "stopped"
    service: str
    code: int


@dataclass(frozen=True, slots=True)
class Ready(Event):
    """Every service answers; calls go to `url`."""

    name: ClassVar[str] = "ready"
    url: str


Report = Callable[[Event], None]
