"""Referrals, consents, withdrawals, objections and release dates in any order, over two senders and two receivers.

Once under the default agreement, and once under one whose clause 4.3 gives no prison an answer: then everything a
receiver does is in silence, and the prison can look wherever it likes. EXAMPLES and STEPS make the walk longer
(`make referral-walk`).
"""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from chassis.http_client import ServiceClient
from tests.support.stack import RunningStack, running_stack
from tests.system.referral_looks import gone, look, pictures, probe, unchanged
from tests.system.referral_model import (
    DECIDED,
    PRISON,
    PROBATION,
    RECEIVERS,
    RECEIVING,
    SENDERS,
    SENDING,
    Model,
    Referral,
)
from tests.system.referral_walk import PERSONS, Counted, Walk
from tests.system.refilled import empty, everything_shown, refilled
from tests.system.world import World
from throughgate.local.programs import deploy_dir

EXAMPLES = int(os.environ.get("EXAMPLES", "2"))
STEPS = int(os.environ.get("STEPS", "6"))
LONG = EXAMPLES > 20
counted = Counted()

senders, receivers = st.sampled_from(SENDERS), st.sampled_from(RECEIVERS)
persons, yes_or_no = st.integers(0, PERSONS - 1), st.booleans()
TO_ANYBODY = (
    "- from: [mental-health, drug-alcohol, liaison-diversion, housing, provider, prison-health]\n        to: [any]"
)


@pytest.fixture(scope="module")
def narrow_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """A stack under an agreement whose clause 4.3 is not for prisons."""
    folder = tmp_path_factory.mktemp("narrow") / "deploy"
    shutil.copytree(deploy_dir(), folder)
    (agreement,) = (folder / "agreements").glob("*.yaml")
    text = agreement.read_text(encoding="utf-8")
    assert text.count(TO_ANYBODY) == 1
    agreement.write_text(text.replace(TO_ANYBODY, TO_ANYBODY.replace("[any]", "[probation, police]")), encoding="utf-8")
    with running_stack(environment={"THROUGHGATE_DEPLOY_DIR": str(folder)}) as running:
        yield running


@asynccontextmanager
async def walking(stack: RunningStack, deaf: frozenset[str]) -> AsyncIterator[Walk]:
    async with ServiceClient(stack.url, timeout_s=60) as http:
        walk = Walk(World(stack, http), Model(deaf), counted)
        await walk.begin()
        yield walk


async def after(walk: Walk) -> None:
    """Nothing is under way, and everybody looks."""
    await walk.settle()
    await walk.find_drafts()
    await look(walk)
    walk.counted.steps += 1


async def answered(walk: Walk, it: Referral, action: str, *, onward: bool = False) -> None:
    """What the receiver does is seen by nobody who may not hear of it."""
    before = await pictures(walk, it)
    await walk.answer(it, action, onward=onward)
    await after(walk)
    await unchanged(walk, it, before, f"{it.receiver} does {action}")


class Machine(RuleBasedStateMachine):
    """The walk, as Hypothesis takes it; every rule is one step."""

    stack: ClassVar[RunningStack]
    deaf: ClassVar[frozenset[str]]
    loop: ClassVar[asyncio.AbstractEventLoop]

    def __init__(self) -> None:
        super().__init__()
        self.walking = walking(self.stack, self.deaf)
        self.walk = self.run(self.walking.__aenter__())

    def teardown(self) -> None:
        try:
            for person in range(0 if self.broken else PERSONS):
                self.walk.touched = person
                self.run(look(self.walk))
        finally:
            self.run(self.walking.__aexit__(None, None, None))

    def run(self, step: Coroutine[Any, Any, Any]) -> Any:
        self.broken = True
        result = self.loop.run_until_complete(step)
        self.broken = False
        return result

    def then(self, *steps: Coroutine[Any, Any, Any]) -> None:
        for step in (*steps, after(self.walk)):
            self.run(step)

    def there(self) -> list[Referral]:
        return [it for it in self.walk.model.referrals if it.received]

    @initialize(first=receivers, ordered=yes_or_no)
    def begin(self, first: str, ordered: bool) -> None:
        """So that there is something to answer from the first step on."""
        second = next(each for each in RECEIVERS if each != first)
        self.then(
            self.walk.consent(0, PROBATION, RECEIVERS),
            self.walk.refer(PRISON, first, 0, ordered=ordered),
            self.walk.refer(PROBATION, second, 0, ordered=not ordered),
        )

    @precondition(lambda self: len(self.walk.model.referrals) < 6)
    @rule(sender=senders, receiver=receivers, person=persons, ordered=yes_or_no)
    def refer(self, sender: str, receiver: str, person: int, ordered: bool) -> None:
        self.then(self.walk.refer(sender, receiver, person, ordered=ordered))

    @rule(person=persons, by=senders, who=st.sampled_from([RECEIVERS, RECEIVERS[:1], RECEIVERS[1:]]))
    def consent(self, person: int, by: str, who: tuple[str, ...]) -> None:
        self.then(self.walk.consent(person, by, who))

    @precondition(lambda self: self.walk.given)
    @rule(data=st.data(), by=senders)
    def withdraw(self, data: st.DataObject, by: str) -> None:
        self.then(withdrawn(self.walk, data.draw(st.sampled_from(sorted(self.walk.given))), by))

    @rule(person=persons, by=senders)
    def object(self, person: int, by: str) -> None:
        self.then(self.walk.object(person, by))

    @rule(person=persons, days=st.integers(3, 200))
    def push(self, person: int, days: int) -> None:
        self.then(self.walk.push(person, days))

    @precondition(lambda self: bool(self.there()))
    @rule(data=st.data(), onward=yes_or_no)
    def answer(self, data: st.DataObject, onward: bool) -> None:
        it = data.draw(st.sampled_from(self.there()))
        may = [action for action, (states, _) in RECEIVING.items() if it.had.state in states]
        self.run(answered(self.walk, it, data.draw(st.sampled_from(may or sorted(RECEIVING))), onward=onward))

    @precondition(lambda self: bool(self.there()))
    @rule(data=st.data(), action=st.sampled_from(sorted(RECEIVING)))
    def answer_anything(self, data: st.DataObject, action: str) -> None:
        self.run(answered(self.walk, data.draw(st.sampled_from(self.there())), action))

    @precondition(lambda self: any(it.had.state == "received" for it in self.there()))
    @rule(
        data=st.data(), first=st.sampled_from(["acceptance", "hold"]), second=st.sampled_from(["rejection", "advice"])
    )
    def answer_at_once(self, data: st.DataObject, first: str, second: str) -> None:
        it = data.draw(st.sampled_from([it for it in self.there() if it.had.state == "received"]))
        self.then(self.walk.at_once(it, first, second))

    @precondition(lambda self: self.walk.model.referrals)
    @rule(data=st.data())
    def send(self, data: st.DataObject) -> None:
        it = data.draw(st.sampled_from(self.walk.model.referrals))
        may = [action for action, (states, _) in SENDING.items() if it.sent.state in states]
        self.then(self.walk.send(it, data.draw(st.sampled_from(may or sorted(SENDING)))))

    @precondition(lambda self: any(it.sent.state not in DECIDED for it in self.walk.model.referrals))
    @rule(data=st.data())
    def provoke(self, data: st.DataObject) -> None:
        open_ = [it for it in self.walk.model.referrals if it.sent.state not in DECIDED]
        self.then(probe(self.walk, data.draw(st.sampled_from(open_))))


async def withdrawn(walk: Walk, person: int, by: str) -> None:
    """As soon as it is acknowledged, and without waiting for the rest, what rested on consent goes from every view."""
    await walk.withdraw(person, by)
    await gone(walk, person)


def run_machine(stack: RunningStack, deaf: frozenset[str]) -> None:
    Machine.stack, Machine.deaf, Machine.loop = stack, deaf, asyncio.new_event_loop()
    try:
        run_state_machine_as_test(
            Machine,
            settings=settings(
                max_examples=EXAMPLES,
                stateful_step_count=STEPS,
                deadline=None,
                database=None,
                derandomize=not LONG,
                phases=[Phase.generate, Phase.shrink] if LONG else [Phase.generate],
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        Machine.loop.close()
        print(f"walked {counted}")


@pytest.mark.timeout(0)
def test_under_the_agreement_as_it_is_signed_nobody_learns_what_is_not_theirs(stack: RunningStack) -> None:
    run_machine(stack, frozenset())


@pytest.mark.timeout(0)
def test_a_prison_that_no_clause_gives_an_answer_learns_none(narrow_stack: RunningStack) -> None:
    run_machine(narrow_stack, frozenset({PRISON}))


async def test_a_story_of_silent_answers(narrow_stack: RunningStack) -> None:
    """What every run has to meet: each answer in silence, withdrawn in silence, agreed to again, and heard."""
    async with walking(narrow_stack, frozenset({PRISON})) as walk:
        trust, drugs = RECEIVERS
        await walk.refer(PRISON, drugs, 1, ordered=False)
        await walk.refer(PROBATION, drugs, 1, ordered=True)
        await after(walk)
        waiting = await walk.refer(PRISON, trust, 0, ordered=False)
        await walk.consent(0, PRISON, (drugs,))
        await after(walk)
        await walk.consent(0, PROBATION, RECEIVERS)
        await after(walk)
        await answered(walk, waiting, "information-request")
        await answered(walk, waiting, "rejection", onward=True)
        ordered = await walk.refer(PRISON, drugs, 0, ordered=True)
        heard = await walk.refer(PROBATION, trust, 0, ordered=False)
        await after(walk)
        await answered(walk, ordered, "acceptance")
        await answered(walk, heard, "acceptance")
        await withdrawn(walk, 0, PROBATION)
        await after(walk)
        await answered(walk, heard, "outcome")
        await walk.push(0, 20)
        await after(walk)
        await walk.consent(0, PRISON, RECEIVERS)
        await after(walk)
        await walk.send(waiting, "withdrawal")
        await after(walk)
        assert heard.sent.state == "prematurely-ended"
    assert counted.silent >= 4


async def test_every_agency_s_referrals_are_the_same_when_its_gateway_is_filled_again_from_the_log(
    narrow_stack: RunningStack,
) -> None:
    """Old view and events are the fresh view: of this walk, and of whatever was walked on this stack before."""
    async with walking(narrow_stack, frozenset({PRISON})) as walk:
        trust, drugs = RECEIVERS
        made = [await walk.refer(sender, to, 1, ordered=False) for sender in SENDERS for to in (trust, drugs)]
        await walk.consent(1, PRISON, (trust,))
        await walk.settle()
        for it in made:
            if it.receiver == trust:
                await walk.answer(it, "acceptance")
        await walk.settle()
        await walk.withdraw(1, PROBATION)
        await walk.consent(1, PROBATION, (drugs,))
        await walk.settle()
        before = await everything_shown(walk.world)
        assert {len(before[agency][way]) > 0 for agency in RECEIVERS for way in ("received", "feed")} == {True}
        await empty(walk.world)
        lost = await everything_shown(walk.world)
        assert [each["feed"] for each in lost.values() if each["feed"]] == []
        assert lost[drugs]["received"] != before[drugs]["received"]
        await refilled(walk.world, before)
