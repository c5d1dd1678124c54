"""Hours of work in minutes: at 70 % of the most that goes, nothing is refused, nothing grows, nothing stays behind."""

import time
from collections import Counter
from collections.abc import Sequence
from functools import partial

import pytest

from tests.faults.client import FaultyWorld
from tests.faults.conftest import polled
from tests.faults.pollers import Poller
from tests.faults.watching import Watch, told, watched
from tests.load.conftest import MINUTES, mixing
from tests.load.memory import Memory, held_by_all
from tests.load.mix import RECIPIENTS, Mix, Turn
from tests.load.pace import open_loop, top_of
from tests.support.eventually import eventually
from tests.support.settled import settled
from tests.support.stack import RunningStack
from tests.system.world import DRUGS

SHARE = 0.7
SECONDS, CLIMB_SECONDS, PEOPLE = (MINUTES * 60, 15.0, 200) if MINUTES else (20.0, 3.0, 24)
GROWTH = 1.05 if MINUTES >= 5 else 1.15
"""A short run still fills what is bounded (pools, caches, arenas), and sees some hundred requests: of 100 MB a seventh
is what is left of each of them if 15 to 20 KiB are, a body or a page with all that hangs on it. Minutes see less."""


def all_is_delivered(mix: Mix, pollers: dict[str, Poller]) -> bool:
    """Each date that was answered was met exactly once by each recipient, and no other was."""
    for person in mix.steady:
        for agency in RECIPIENTS:
            met = Counter(pollers[agency].dates(person.id))
            assert met == Counter(mix.owed[person.id]), agency
    return True


def came_and_went(watch: Watch, turns: Sequence[Turn]) -> tuple[list[float], list[float]]:
    """How long after each consent was answered something came into the view, and after its withdrawal was still there;
    of those that were withdrawn before anything came, nothing."""
    came, went = [], []
    for turn in turns:
        if turn.withdrawn and (stays := watch.between(turn.person, turn.asked, turn.withdrawn)):
            came.append(max(0.0, (min(stay.first for stay in stays) - turn.agreed).total_seconds()))
            went.append(max(0.0, (max(stay.last for stay in stays) - turn.withdrawn).total_seconds()))
    return came, went


@pytest.mark.timeout(int(SECONDS) + 900)
async def test_seventy_percent_of_the_top_goes_on_and_on(loaded_stack: RunningStack, patient: FaultyWorld) -> None:
    async with mixing(loaded_stack, connections=200) as mix, polled(patient, RECIPIENTS) as pollers:
        await mix.populated(patient, PEOPLE)
        await settled(loaded_stack)
        top = await top_of(mix, seconds=CLIMB_SECONDS)
        await settled(loaded_stack)
        assert mix.world.told.wrong == mix.world.told.refused == 0, mix.world.told

        memory, before = Memory(partial(held_by_all, loaded_stack)), len(mix.turns)
        async with memory.watched(every=SECONDS / 40), watched(loaded_stack, DRUGS) as watch:
            begun = await open_loop(mix, rate=SHARE * top.rate, seconds=SECONDS)
            ended = time.monotonic()
            await settled(loaded_stack)
            behind = time.monotonic() - ended
            for _ in range(2):  # by chance alone a short run may have no consent that both came and went
                await mix.all_waver()
                await settled(loaded_stack)
        growth = memory.growth()
        came, went = came_and_went(watch, mix.turns[before:])
        assert went, "no view was emptied"
        print(
            f"top {top.rate:.1f}/s, {top.at_once} at once; {SECONDS:.0f} s at {SHARE:.0%} of it, {begun} asked;"
            f" {mix.world.told}; nothing behind after {behind:.1f} s; {len(went)} views emptied after {told(went)},"
            f" filled after {told(came)}; memory"
            f" {', '.join(f'{name} {ratio:.3f}' for name, ratio in growth.items())}"
        )
        assert mix.world.told.wrong == mix.world.told.refused == 0, mix.world.told
        assert patient.answers.unreached == 0
        assert {status // 100 for status in patient.answers.statuses} == {2}, patient.answers.codes
        await eventually(lambda: all_is_delivered(mix, pollers), within=60)
        assert sum(len(dates) for dates in mix.owed.values()) > 0
        assert watch.late(went=went, outstayed=[], came=came) is None
        assert all(ratio < GROWTH for ratio in growth.values()), growth
