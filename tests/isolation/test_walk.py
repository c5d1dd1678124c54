"""Two agencies of a kind, in any order of events: nobody is answered what they may not know."""

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.isolation.conftest import REQUESTS
from tests.isolation.knowledge import KINDS
from tests.isolation.walk import PERSONS, STEPS, Counted, Walk
from tests.support.pipe import Pipe

AGENCIES = sorted(KINDS)
PER_STEP = 25
"""About how many requests a step makes."""

LONG = REQUESTS > 10_000
"""A long run makes up new walks every time, and takes the time to shrink what it finds."""

step = st.tuples(
    st.sampled_from([*STEPS, "register", "claim", "consent"]),
    st.sampled_from(AGENCIES),
    st.integers(0, PERSONS - 1),
    st.sampled_from(AGENCIES),
)
counted = Counted()
NORTHGATE, NEWSTART, GATEHOUSE = "hmp-northgate", "charity-newstart", "charity-gatehouse"
STORY = [
    ("register", NORTHGATE, 0, "hmp-southmoor"),
    ("push", NORTHGATE, 0, GATEHOUSE),
    ("claim", NEWSTART, 0, GATEHOUSE),
    ("consent", NORTHGATE, 0, NEWSTART),
    ("address", NORTHGATE, 0, "mht-moorland"),
    ("claim", "probation-north", 0, "police-north"),
    ("risk", NORTHGATE, 0, "mht-riverside"),
    ("withdraw", "probation-north", 0, NEWSTART),
    ("push", NORTHGATE, 0, NEWSTART),
    ("leave", NEWSTART, 0, "probation-north"),
]


async def test_a_story_shows_each_what_it_may_know_and_no_more(pipe: Pipe) -> None:
    walk = Walk(pipe, counted)
    for name, agency, person, other in STORY:
        await walk.step(name, agency, person, other)
    assert counted.shown > 10


@pytest.mark.timeout(0)
@settings(
    max_examples=max(1, REQUESTS // (PER_STEP * 10)),
    deadline=None,
    database=None,
    derandomize=LONG is False,
    phases=[Phase.generate, Phase.shrink] if LONG else [Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(steps=st.lists(step, min_size=8, max_size=12))
async def test_no_answer_holds_what_its_reader_may_not_know(pipe: Pipe, steps: list[tuple[str, str, int, str]]) -> None:
    walk = Walk(pipe, counted)
    await walk.step("register", NORTHGATE, 1, NEWSTART)
    for name, agency, person, other in steps:
        await walk.step(name, agency, person, other)
