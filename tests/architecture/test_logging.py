"""No personal data in logs: a line has a constant name and keys of the list of allowed ones (chassis.logging)."""

import ast
from collections.abc import Iterator
from pathlib import Path

from chassis.logging import ALLOWED
from tests.support.source import files, tree, where

LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
LOGGERS = {"log", "logger"}
BINDERS = {"bind_contextvars", "bound_contextvars", "bind", "new"}
PERSONAL = {"name", "family", "given", "date_of_birth", "identifier", "value", "noms", "nhs", "pnc", "crn", "cro"}


def log_calls(path: Path) -> Iterator[ast.Call]:
    for node in ast.walk(tree(path)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        owner = node.func.value
        named = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
        if (node.func.attr in LEVELS and named in LOGGERS) or (
            node.func.attr in BINDERS and named in {*LOGGERS, "contextvars"}
        ):
            yield node


def test_every_key_of_a_log_line_is_an_allowed_one() -> None:
    found = [(path, call, keyword.arg) for path in files() for call in log_calls(path) for keyword in call.keywords]
    assert found
    strange = [where(path, call) for path, call, key in found if key not in {*ALLOWED, "exc_info"}]
    assert strange == [], "the key is not in chassis.logging.ALLOWED, or it is a ** that nobody can check"


def test_the_name_of_a_log_line_is_a_constant() -> None:
    calls = [(path, call) for path in files() for call in log_calls(path) if call.func.attr in LEVELS]  # type: ignore[attr-defined]
    assert calls
    assert [where(path, call) for path, call in calls if not is_constant(call)] == []


def is_constant(call: ast.Call) -> bool:
    return len(call.args) == 1 and isinstance(call.args[0], ast.Constant) and isinstance(call.args[0].value, str)


def test_the_list_of_allowed_keys_names_nothing_personal() -> None:
    assert set() == ALLOWED & PERSONAL


def test_nothing_is_printed_by_a_service() -> None:
    running = files("contracts", "chassis", "caseload", "release_notify", "consent", "audit", "gateway")
    printed = [
        where(path, node)
        for path in running
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print"
    ]
    assert printed == []
