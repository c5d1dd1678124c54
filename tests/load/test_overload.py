"""Far more at once than goes: who is not served is told so at once and when to ask again, and nobody's word is lost."""

from collections import Counter
from dataclasses import replace

import pytest

from tests.faults.client import FaultyWorld
from tests.faults.conftest import polled
from tests.faults.pollers import Poller
from tests.load.conftest import MINUTES, mixing
from tests.load.mix import RECIPIENTS, SHARES, Mix
from tests.load.pace import attempted, closed_loop
from tests.support.eventually import eventually
from tests.support.settled import settled
from tests.support.stack import RunningStack

SECONDS = 60.0 if MINUTES else 8.0
CONNECTIONS = 300
"""Half as many again as one process works on at once, and half of them once more that do not wait for an answer."""
HASTY_S = 0.2


def nothing_is_lost(mix: Mix, pollers: dict[str, Poller]) -> bool:
    """What was answered was met, and nothing twice; what was not answered may have been met."""
    for person in mix.steady:
        for agency in RECIPIENTS:
            met = Counter(pollers[agency].dates(person.id))
            assert mix.owed[person.id] <= met.keys(), agency
            assert max(met.values(), default=1) == 1, agency
    return True


def starts(stack: RunningStack) -> Counter[str]:
    """How often each process was started."""
    return Counter(event["service"] for event in stack.process.news() if event["event"] == "started")


async def everything_goes(mix: Mix) -> None:
    """Each kind of thing, one after the other, at the first try."""
    for act in SHARES:
        await act(mix)


@pytest.mark.timeout(900)
async def test_what_is_too_much_is_refused_for_now_and_passes(loaded_stack: RunningStack, patient: FaultyWorld) -> None:
    hurried = mixing(loaded_stack, connections=CONNECTIONS, patience_s=HASTY_S)
    async with (
        mixing(loaded_stack, connections=CONNECTIONS) as mix,
        hurried as hasty,
        polled(patient, RECIPIENTS) as pollers,
    ):
        await mix.populated(patient, 24)
        await everything_goes(mix)
        hasty = replace(mix, world=hasty.world)
        before = starts(loaded_stack)
        await closed_loop([mix] * CONNECTIONS + [hasty] * (CONNECTIONS // 2), seconds=SECONDS)
        told, hurried_told = mix.world.told, hasty.world.told
        print(f"{CONNECTIONS} at once for {SECONDS:.0f} s: {told}; {CONNECTIONS // 2} in a hurry: {hurried_told}")
        assert told.taken > 0
        assert told.refused > 0, "it was not too much"
        assert told.wrong == 0, told
        assert hurried_told.wrong == hurried_told.unreached, hurried_told
        assert told.silent == hurried_told.silent == 0, "refused without a word of when to ask again"

        await settled(loaded_stack)
        await everything_goes(mix)
        assert await attempted(mix)
        await settled(loaded_stack)
        await eventually(lambda: nothing_is_lost(mix, pollers), within=60)
        assert starts(loaded_stack) == before, "a process was taken for dead while it was busy"
