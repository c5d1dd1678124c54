"""Two agencies of each kind, in any order of events: nobody is answered what they may not know."""

import time
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st

from tests.isolation.agencies import KINDS, PARTIES
from tests.isolation.conftest import REQUESTS, SEED
from tests.isolation.looks import errands, strange
from tests.isolation.stepping import STEPS, step
from tests.isolation.walk import PERSONS, Counted, Walk
from tests.support.pipe import Pipe

PER_WALK = 1_000
"""About how many requests a walk makes."""

LONG = SEED is not None
"""A long run makes up walks of its own, and takes the time to shrink what it finds."""
ENOUGH = 20_000
"""So many requests call every route of every gateway."""

OFTEN = ("register", "claim", "consent", "refer", "act")
steps = st.tuples(
    st.sampled_from([*STEPS, *OFTEN]),
    st.sampled_from(PARTIES),
    st.integers(0, PERSONS - 1),
    st.sampled_from(PARTIES),
)
counted = Counted()
BEGAN = time.monotonic()
NORTHGATE, NEWSTART, GATEHOUSE, TRUST = "hmp-northgate", "charity-newstart", "charity-gatehouse", "mht-riverside"
REFERRED_TO = (TRUST, "mht-moorland", "das-riverside", "das-moorland", "ld-north", GATEHOUSE)
"""Under an order a referral goes there at once, and so does what is answered."""
STORY = [
    ("register", NORTHGATE, 0, "hmp-southmoor"),
    ("push", NORTHGATE, 0, GATEHOUSE),
    ("claim", "police-north", 0, "housing-northtown"),
    ("claim", GATEHOUSE, 0, "police-north"),
    ("claim", NEWSTART, 0, GATEHOUSE),
    ("consent", NORTHGATE, 0, NEWSTART),
    ("address", NORTHGATE, 0, "mht-moorland"),
    ("claim", "probation-north", 0, "police-north"),
    ("bring_in", "probation-north", 0, "police-north"),
    ("bring_in", "probation-north", 0, "health-northgate"),
    ("oppose", "probation-north", 0, "health-northgate"),
    ("risk", NORTHGATE, 0, TRUST),
    ("refer", NORTHGATE, 0, TRUST),
    ("consent", "probation-north", 0, TRUST),
    ("act", TRUST, 0, NORTHGATE),
    ("ask", "probation-north", 0, TRUST),
    ("answer", TRUST, 0, "probation-south"),
    ("withdraw", "probation-north", 0, TRUST),
    ("order", "probation-north", 0, "das-moorland"),
    ("push", NORTHGATE, 0, NEWSTART),
    ("transfer", NORTHGATE, 0, "housing-southtown"),
    ("leave", NEWSTART, 0, "probation-north"),
]


def test_there_are_two_agencies_of_every_kind_but_one_auditor() -> None:
    kinds = sorted(KINDS.values())
    assert {kind for kind in kinds if kinds.count(kind) < 2} == {"auditor"}


async def test_a_story_shows_each_what_it_may_know_and_no_more(pipe: Pipe) -> None:
    walk = Walk(pipe, counted, Random(1))
    for name, agency, person, other in STORY:
        await step(walk, name, agency, person, other)
    assert counted.shown.keys() >= {"identity", "release-date/reporting", "accommodation", "risk-markers", "referral"}
    assert counted.judged.keys() >= {"custody-status", "identity", "release-date", "referral"}
    assert counted.named > 10
    assert counted.strange > 100


@pytest.mark.timeout(0)
@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")
@seeded(int(SEED or 0))
@settings(
    max_examples=max(1, REQUESTS // PER_WALK),
    deadline=None,
    database=None,
    derandomize=not LONG,
    phases=[Phase.generate, Phase.shrink] if LONG else [Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(story=st.lists(steps, min_size=8, max_size=12), seed=st.integers(0, 2**32))
async def test_no_answer_holds_what_its_reader_may_not_know(
    pipe: Pipe, story: list[tuple[str, str, int, str]], seed: int
) -> None:
    walk = Walk(pipe, counted, Random(seed))
    await step(walk, "register", NORTHGATE, 1, NEWSTART)
    await step(walk, "register", walk.newcomer("PUT", "/people/{person}"), 0, NEWSTART)
    await step(walk, "claim", walk.newcomer("PUT", "/people/{person}/involvement"), 0, GATEHOUSE)
    await step(walk, "order", NORTHGATE, 1, walk.random.choice(REFERRED_TO))
    await step(walk, "act", NORTHGATE, 1, NEWSTART)
    late = walk.latecomer()
    await errands(walk, late)
    await strange(walk, late, 0)
    for name, agency, person, other in story:
        await step(walk, name, walk.somebody(agency, person), person, other)


async def test_every_route_of_every_gateway_was_called(pipe: Pipe) -> None:
    every = {(kind, each.method, each.path) for kind in set(KINDS.values()) for each in counted.routes(pipe, kind)}
    missed = sorted(every - counted.called)
    took = time.monotonic() - BEGAN
    print(f"\nSEED={SEED}: {counted.requests} requests in {took:.0f} s, {counted.strange} by strangers;")
    print(f"{counted.named} recipients rightly named to a source; shown of what others wrote: {dict(counted.shown)};")
    print(f"items and sections that its reader may have: {dict(counted.judged)};")
    print(f"{len(every) - len(missed)} of {len(every)} routes of all gateways called")
    assert counted.requests < ENOUGH or not missed, missed
    assert counted.requests < ENOUGH or counted.judged.keys() >= {"custody-status", "referral", "referral-status"}
