"""What a route depends on runs on the event loop: FastAPI sends a plain function through a thread at every request."""

import ast
import importlib
import inspect

from tests.support.source import files, name_of, tree


def named_dependencies() -> dict[str, object]:
    """By module and name, what each `Depends(name)` of our own code names."""
    found: dict[str, object] = {}
    for path in files():
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Depends":
                name, module = ast.unparse(node.args[0]), importlib.import_module(name_of(path))
                found[f"{module.__name__}.{name}"] = getattr(module, name, None)
    return found


def test_no_dependency_leaves_the_event_loop() -> None:
    dependencies = {name: each for name, each in named_dependencies().items() if each is not None}
    assert len(dependencies) > 20
    threaded = [
        name
        for name, each in dependencies.items()
        if not inspect.iscoroutinefunction(each) and not inspect.isasyncgenfunction(each)
    ]
    assert threaded == []
