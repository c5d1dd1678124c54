"""Calls that follow one another as a document's answers lead on: what one answer names, the next call asks about."""

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from schemathesis.core.transport import Response

from tests.badinput.asking import Asking
from tests.badinput.conftest import REQUESTS
from tests.badinput.gateways import AGENCIES, MADE, RECEIVER, join, received, refer
from tests.badinput.leading import Leads
from tests.support.pipe import Pipe

STEPS = 20
SEQUENCES = max(3, REQUESTS // 250)
KINDS = [kind for kind in AGENCIES if kind != "auditor"]
"""A sequence begins with what is written, and an auditor writes nothing that leads on."""


@pytest.mark.timeout(0)
@pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies")
@pytest.mark.parametrize("kind", KINDS)
async def test_what_an_answer_leads_to_keeps_to_the_document(pipe: Pipe, names: dict[str, str], kind: str) -> None:
    asking = await Asking.at(pipe, kind)
    loop = asyncio.get_running_loop()
    followed: list[str] = []
    await join(pipe, kind)
    await pipe.settle()
    referral = await (received(pipe) if kind == RECEIVER else refer(pipe, kind))
    await pipe.settle()
    leads = Leads(
        names | {"referral_id": referral},
        told={referral, *(names[name] for name, maker, _, _ in MADE if maker == kind)},
    )
    asking.etags[referral] = (await pipe.call(AGENCIES[kind], kind, "GET", f"/referrals/{referral}")).headers["etag"]

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
        max_examples=SEQUENCES,
        stateful_step_count=STEPS,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    async with pipe.carrying():
        await asyncio.to_thread(seed(kind)(Sequence).run, settings=how)
    assert len(followed) > SEQUENCES
    assert leads.followed, "no answer led to anything"
