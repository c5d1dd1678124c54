"""Which tests follow one another on one worker, and which come first.

A run over several workers (`-n 2 --dist loadgroup`) keeps the tests of a file together, and all that share a stack:
each stack is started once, and no more of them run at a time than there are workers.
"""

import pytest

STACKS = ("stack", "faulty_embedded_stack", "faulty_kafka_stack", "lived")
"""Fixtures that a whole session shares."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that start a stack of their own come first: no shared one idles beside them."""
    items.sort(key=lambda item: "stack" in _fixtures(item))
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item)))


def _group(item: pytest.Item) -> str:
    callspec = getattr(item, "callspec", None)
    shared = [
        f"{name} {callspec.params.get(name, '') if callspec else ''}" for name in STACKS if name in _fixtures(item)
    ]
    return shared[0] if shared else item.nodeid.partition("::")[0]


def _fixtures(item: pytest.Item) -> list[str]:
    return getattr(item, "fixturenames", [])
