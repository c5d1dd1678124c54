"""Every gateway against its own document: what it takes and what it refuses is as it says, and no refusal repeats."""

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok

from contracts.codes import AgencyKind
from tests.badinput.asking import Asking, Case
from tests.badinput.conftest import REQUESTS
from tests.badinput.gateways import AGENCIES, OF_A_SHARE, due
from tests.support.pipe import Pipe


def cases(operation: Any, mode: GenerationMode, count: int) -> list[Case]:
    """So many calls of the operation, the same in every run; none where nothing can be said wrongly."""
    found: list[Case] = []

    @seed(len(operation.label))
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(generation_mode=mode))
    def collect(case: Case) -> None:
        found.append(case)

    try:
        collect()
    except Unsatisfiable:
        return []
    return found


@pytest.mark.timeout(0)
@pytest.mark.parametrize("kind", AGENCIES)
async def test_a_gateway_keeps_to_its_document(pipe: Pipe, names: dict[str, str], kind: str) -> None:
    asking, faults = await Asking.at(pipe, kind), list[str]()
    wanted = OF_A_SHARE if kind == AgencyKind.AUDITOR else ()
    names = names | {"share_id": await due(pipe)} if wanted else names
    read = list(asking.schema.get_all_operations())
    assert not [found.err() for found in read if not isinstance(found, Ok)], "an operation that cannot be read"
    operations = [found.ok() for found in read if isinstance(found, Ok)]
    assert {(each.method.upper(), each.path) for each in operations} == asking.described
    each = max(1, REQUESTS // (2 * len(AGENCIES) * len(operations)))
    async with pipe.carrying():
        for operation in operations:
            for mode in GenerationMode:
                made = cases(operation, mode, each)
                assert made or mode is GenerationMode.NEGATIVE, f"{operation.label} is asked nothing"
                for number, case in enumerate(made):
                    if mode is GenerationMode.POSITIVE and number % 2 == 0:
                        case.path_parameters = {name: names[name] for name in case.path_parameters}
                    try:
                        await asking.ask(case)
                    except (AssertionError, FailureGroup) as fault:
                        faults.append(f"{operation.label}: {fault}")
    assert not faults, f"{len(faults)}: " + "\n".join(faults[:20])
    assert asking.requests >= len(operations)
    assert asking.taken.total() >= 3
    missed = [label for label in wanted if not asking.taken[label]]
    assert not missed, f"no answer of these was compared with the document: {missed}"
