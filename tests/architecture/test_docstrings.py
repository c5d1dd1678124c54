"""Every module says what it is for, and most say the invariant that they keep."""

import ast

from tests.support.source import files, test_files, tree, where


def test_every_module_has_a_docstring() -> None:
    modules = [path for path in [*files(), *test_files()] if tree(path).body]
    assert modules
    assert [where(path) for path in modules if not ast.get_docstring(tree(path))] == []
