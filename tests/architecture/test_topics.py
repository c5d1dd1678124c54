"""contracts/topics says who writes and who reads; the code does exactly that.

One writer per topic: a service's outbox takes its own topics (CHECK in its first migration) and its relay sends them.
Only `offers` has several owners: there the key is an id that one owner minted, so no stream has two writers.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.registry import EVENTS
from contracts.topics import Topic, specs
from tests.support.source import PACKAGES, SERVICES, calls, files, tree

OWNED_BY_SEVERAL = {Topic.OFFERS}


def topics_of(path: Path, node: ast.expr) -> set[Topic]:
    """The topics of an expression: `(Topic.A, …)`, `[Topic.A]`, or a name of this module or of one it imports."""
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return {topic for element in node.elts for topic in topics_of(path, element)}
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Topic":
        return {Topic[node.attr]}
    if isinstance(node, ast.Name):
        return topics_of(*assigned(path, node.id))
    raise AssertionError(f"{path}:{node.lineno}: topics that cannot be read off the source")


def assigned(path: Path, name: str) -> tuple[Path, ast.expr]:
    for node in tree(path).body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in node.targets):
            return path, node.value
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == name:
            assert node.value is not None
            return path, node.value
        if isinstance(node, ast.ImportFrom) and node.module and any(alias.name == name for alias in node.names):
            return assigned(file_of(node.module), name)
    raise AssertionError(f"{path}: {name} is assigned nowhere")


def file_of(module: str) -> Path:
    package, _, rest = module.partition(".")
    base = PACKAGES[package].joinpath(*rest.split(".")) if rest else PACKAGES[package]
    return base / "__init__.py" if base.is_dir() else base.with_suffix(".py")


def keyword(call: ast.Call, name: str) -> ast.expr:
    return next(each.value for each in call.keywords if each.arg == name)


def declared(function: str, package: str) -> Iterator[tuple[Path, set[Topic]]]:
    for path in files(package):
        for call in calls(path, function):
            yield path, topics_of(path, keyword(call, "topics"))


def deployable(package: str) -> str:
    return package.replace("_", "-")


@pytest.mark.parametrize("package", SERVICES)
def test_a_service_s_outbox_takes_its_own_topics(package: str) -> None:
    own = {name for name, spec in specs().items() if deployable(package) in spec.producers}
    assert own
    assert [topics for _, topics in declared("create_chassis_tables", package)] == [own]


@pytest.mark.parametrize("package", SERVICES)
def test_a_service_s_relay_sends_what_its_outbox_takes(package: str) -> None:
    own = {name for name, spec in specs().items() if deployable(package) in spec.producers}
    assert [topics for _, topics in declared("Relay", package)] == [own]


@pytest.mark.parametrize("package", SERVICES)
def test_a_service_reads_the_topics_that_name_it(package: str) -> None:
    found: dict[str, set[Topic]] = {}
    for path, topics in declared("Consumer", package):
        process = f"{deployable(package)}-projector" if path.name == "projector.py" else deployable(package)
        found.setdefault(process, set()).update(topics)
    processes = [deployable(package), f"{deployable(package)}-projector"]
    wanted = {process: {name for name, spec in specs().items() if process in spec.consumers} for process in processes}
    assert found == {process: topics for process, topics in wanted.items() if topics}


def test_topics_name_deployables_only() -> None:
    known = {deployable(package) for package in SERVICES} | {"gateway-projector"}
    assert {name for spec in specs().values() for name in (*spec.producers, *spec.consumers)} <= known


def test_a_topic_has_one_writer() -> None:
    assert {name for name, spec in specs().items() if len(spec.producers) != 1} == OWNED_BY_SEVERAL


def test_where_several_write_no_stream_has_two_writers() -> None:
    keys = {event.KEY for event in EVENTS.values() if event.TOPIC in OWNED_BY_SEVERAL}
    assert keys == {"subject_ref"}


def test_a_type_crosses_one_topic() -> None:
    types = [name for spec in specs().values() for name in spec.types]
    assert sorted(types) == sorted(EVENTS)
