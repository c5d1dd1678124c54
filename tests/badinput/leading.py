"""What answers lead on to: ids that they name, and bodies that are taken, so that there is something to follow."""

import itertools
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx2

from tests.badinput.gateways import OTHER_TRUST
from tests.isolation.calls import BODIES, filled

BASE = "/v1"


class Leads:
    """The newest id of each name, `told` those that stood in an answer; `followed` counts what was done with them."""

    def __init__(self, names: dict[str, str], *, told: set[str]) -> None:
        self.names = names
        self.told = told
        self.followed: Counter[str] = Counter()
        self._turns = itertools.count()

    def lay(self, case: Any) -> None:
        """The case asks about what was told last, and says then what is taken; of others every second one does."""
        case.path_parameters = {name: self.names.get(name, value) for name, value in case.path_parameters.items()}
        good = BODIES.get((case.method.upper(), case.path.removeprefix(BASE)))
        leads = bool(self.told & set(case.path_parameters.values()))
        if good is not None and (leads or next(self._turns) % 2 == 0):
            case.body = filled(good, self.names) | ({"to_agency": OTHER_TRUST} if "to_agency" in good else {})

    def note(self, case: Any, answer: httpx2.Response) -> None:
        """What it told, and whether it was told about what an answer before it had named."""
        if not answer.is_success:
            return
        if self.told & set(case.path_parameters.values()):
            self.followed[case.operation.label] += 1
        for name, value in _ids(answer.json() if answer.content else None):
            self.names[name] = value
            self.told.add(value)


def _ids(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, each in value.items():
            if name.endswith("_id") and isinstance(each, str):
                yield name, each
            yield from _ids(each)
    elif isinstance(value, list):
        for each in value:
            yield from _ids(each)
