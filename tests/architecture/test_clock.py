"""The present moment is read in one place (chassis.clock); everything else takes it as an argument.

Durations are measured with monotonic clocks, which are free to all.
"""

import ast

from tests.support.source import files, tree, where

READS = {
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("datetime", "today"),
    ("date", "today"),
    ("time", "time"),
    ("time", "time_ns"),
    ("time", "localtime"),
    ("time", "gmtime"),
}


def reads_the_clock(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom) and node.module == "time":
        return any(("time", alias.name) in READS for alias in node.names)
    if not isinstance(node, ast.Attribute):
        return False
    owner = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
    return (owner, node.attr) in READS


def test_only_the_clock_reads_the_clock() -> None:
    found = [where(path, node) for path in files() for node in ast.walk(tree(path)) if reads_the_clock(node)]
    assert any(each.startswith("chassis/clock.py") for each in found)
    assert [each for each in found if not each.startswith("chassis/clock.py")] == []
