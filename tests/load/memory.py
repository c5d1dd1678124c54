"""What the processes of a stack hold in memory while something goes on, and whether it grows."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from tests.support.stack import RunningStack
from throughgate.local.programs import PROGRAMS

WARM_FROM, WARM_UNTIL, END_FROM = 0.2, 0.3, 0.9
"""The parts of a run that are compared: after a fifth of it everything has been used that is used at all."""


def resident_kib(stack: RunningStack) -> dict[str, int]:
    """By process of Throughgate itself; the broker, which keeps all it is sent in memory, and PostgreSQL are not."""
    stack.process.news()
    found = {}
    for program in PROGRAMS:
        status = Path(f"/proc/{stack.process.pid(program.name)}/status").read_text()
        found[program.name] = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    return found


@dataclass
class Memory:
    """Samples, the oldest first."""

    stack: RunningStack
    samples: list[dict[str, int]] = field(default_factory=list)

    @asynccontextmanager
    async def watched(self, *, every: float) -> AsyncIterator[None]:
        """Samples are taken while the block runs."""
        watching = asyncio.create_task(self._watch(every))
        try:
            yield
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    async def _watch(self, every: float) -> None:
        while True:
            self.samples.append(resident_kib(self.stack))
            await asyncio.sleep(every)

    def growth(self) -> dict[str, float]:
        """By process, what it held at the end against what it held when it was warm: 1.0 is not a byte more."""
        count = len(self.samples)
        warm = self.samples[int(count * WARM_FROM) : max(int(count * WARM_UNTIL), int(count * WARM_FROM) + 1)]
        end = self.samples[int(count * END_FROM) :]
        return {name: median(each[name] for each in end) / median(each[name] for each in warm) for name in end[0]}
