"""What the processes of a stack hold in memory while something goes on, and whether it grows.

Invariant: every sample is of the very processes that the first one was of, and none is missing. A process that began
again holds little and would hide what the one before it kept, and so would a sampler that ended early.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from tests.support.stack import RunningStack
from throughgate.local.programs import PROGRAMS

WARM_FROM, WARM_UNTIL, END_FROM = 0.2, 0.3, 0.9
"""The parts of a run that are compared: after a fifth of it everything has been used that is used at all."""


@dataclass(frozen=True, slots=True)
class Held:
    """One process at one moment. `began` is its start in the kernel's ticks: an id comes again, this does not."""

    pid: int
    began: int
    kib: int


Sample = dict[str, Held]


def held_by(pid: int) -> Held:
    """What this process holds. Raises OSError if there is none."""
    place = Path(f"/proc/{pid}")
    after_name = (place / "stat").read_text().rpartition(")")[2].split()
    status = (place / "status").read_text().splitlines()
    return Held(pid, int(after_name[19]), next(int(line.split()[1]) for line in status if line.startswith("VmRSS")))


def held_by_all(stack: RunningStack) -> Sample:
    """By process of Throughgate itself; the broker, which keeps all it is sent in memory, and PostgreSQL are not."""
    stack.process.news()
    return {program.name: held_by(stack.process.pid(program.name)) for program in PROGRAMS}


@dataclass
class Memory:
    """Samples, the oldest first, of what `look` sees."""

    look: Callable[[], Sample]
    samples: list[Sample] = field(default_factory=list)

    @asynccontextmanager
    async def watched(self, *, every: float) -> AsyncIterator[None]:
        """Samples are taken while the block runs, one more as it ends. Raises what kept a sample from being taken."""
        watching = asyncio.create_task(self._watch(every))
        try:
            yield
        finally:
            watching.cancel()
            (outcome,) = await asyncio.gather(watching, return_exceptions=True)
        if isinstance(outcome, Exception):
            raise outcome
        self.samples.append(self.look())

    async def _watch(self, every: float) -> None:
        while True:
            self.samples.append(self.look())
            await asyncio.sleep(every)

    def growth(self) -> dict[str, float]:
        """By process, what it held at the end against what it held when it was warm: 1.0 is not a byte more.

        Raises AssertionError if a process began again meanwhile.
        """
        first = self.samples[0]
        for name in first:
            lives = dict.fromkeys((sample[name].pid, sample[name].began) for sample in self.samples)
            assert len(lives) == 1, f"{name} began again: {list(lives)}"
        count = len(self.samples)
        warm = self.samples[int(count * WARM_FROM) : max(int(count * WARM_UNTIL), int(count * WARM_FROM) + 1)]
        end = self.samples[int(count * END_FROM) :]
        return {
            name: median(each[name].kib for each in end) / median(each[name].kib for each in warm) for name in first
        }
