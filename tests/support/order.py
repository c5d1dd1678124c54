"""Which tests follow one another on one worker, and which come first.

A run over several workers (`-n 2 --dist loadscope`) keeps the tests of a file together, and all that share a stack or a
broker: each is started once, and no more stacks run at a time than there are workers. (xdist's own groups are named in
node ids, which this pytest keeps in another form.)
"""

import re
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

TOGETHER = ("tests/faults", "tests/privacy")
"""Folders whose files share a stack."""
_BROKER = re.compile(r"[\[-](embedded|kafka)[]-]")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that start a stack of their own come first: no shared one idles beside them."""
    items.sort(key=lambda item: "stack" in getattr(item, "fixturenames", ()))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling | None:
    """Hands out tests by what they share, where scopes are asked for at all."""
    return _ByWhatIsShared(config, log) if config.getvalue("dist") == "loadscope" else None


def group_of(nodeid: str) -> str:
    """What of this test others share: its broker, its folder, or its file."""
    path, _, name = nodeid.partition("::")
    if found := _BROKER.search(name):
        return f"on {found[1]}"
    return next((folder for folder in TOGETHER if path.startswith(folder)), path)


class _ByWhatIsShared(LoadScopeScheduling):  # type: ignore[misc]
    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)
