"""Calls that follow one another as a document's answers lead on: what one answer names, the next call asks about."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.errors import FlakyStrategyDefinition
from schemathesis.core.transport import Response

from contracts.codes import AgencyKind
from tests.badinput.asking import Asking
from tests.badinput.conftest import REQUESTS
from tests.badinput.gateways import AGENCIES, MADE, OF_A_SHARE, RECEIVER, due, join, received, refer
from tests.badinput.leading import Leads
from tests.support.pipe import Pipe

STEPS = 20
SEQUENCES = max(3, REQUESTS // 250)
AT_A_TIME = 2
"""Sequences of one run: the simplest, with which each begins, and another. Who is asked the same again answers
otherwise once something was written; where two of a run begin alike, Hypothesis calls that flaky and ends the run."""


@pytest.mark.timeout(0)
@pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies")
@pytest.mark.parametrize("kind", AGENCIES)
async def test_what_an_answer_leads_to_keeps_to_the_document(pipe: Pipe, names: dict[str, str], kind: str) -> None:
    asking = await Asking.at(pipe, kind)
    loop = asyncio.get_running_loop()
    followed: list[str] = []
    leads = await (_of_a_share(pipe, names) if kind == AgencyKind.AUDITOR else _of_a_referral(asking, names))

    class Sequence(asking.schema.as_state_machine()):  # type: ignore[misc]
        def before_call(self, case: Any) -> None:
            leads.lay(case)

        def call(self, case: Any, **_: Any) -> Any:
            followed.append(case.operation.label)
            answer = asyncio.run_coroutine_threadsafe(asking.ask(case), loop).result(timeout=120)
            leads.note(case, answer)
            return Response.from_any(answer)

        def validate_response(self, response: Any, case: Any, **_: Any) -> None:
            """`ask` has looked at it already."""

    how = settings(
        max_examples=AT_A_TIME,
        stateful_step_count=STEPS,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    async with pipe.carrying():
        for run in range(-(-SEQUENCES // AT_A_TIME)):
            with suppress(FlakyStrategyDefinition):
                await asyncio.to_thread(seed(f"{kind} {run}")(Sequence).run, settings=how)
    assert len(followed) > SEQUENCES * STEPS // 4, f"{len(followed)} calls in all"
    assert leads.followed, "no answer led to anything"
    wanted = OF_A_SHARE if kind == AgencyKind.AUDITOR else ()
    missed = [label for label in wanted if not leads.followed[label]]
    assert not missed, f"nothing led to these: {missed}"


async def _of_a_referral(asking: Asking, names: dict[str, str]) -> Leads:
    """What a sequence begins with: a referral by this kind's agency, or to it, and what it has made."""
    pipe, kind = asking.pipe, asking.kind
    await join(pipe, kind)
    await pipe.settle()
    referral = await (received(pipe) if kind == RECEIVER else refer(pipe, kind))
    await pipe.settle()
    asking.etags[referral] = (await pipe.call(AGENCIES[kind], kind, "GET", f"/referrals/{referral}")).headers["etag"]
    made = {names[name] for name, maker, _, _ in MADE if maker == kind}
    return Leads(names | {"referral_id": referral}, told={referral, *made})


async def _of_a_share(pipe: Pipe, names: dict[str, str]) -> Leads:
    """An auditor writes nothing that leads on: it begins with what is yet to be reviewed."""
    share = await due(pipe)
    return Leads(names | {"share_id": share}, told={share})
