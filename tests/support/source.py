"""The repository's own source, read once: files, syntax trees and modules, for the rules of tests/architecture."""

import ast
import importlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]

PACKAGES: dict[str, Path] = {
    "contracts": ROOT / "contracts/contracts",
    "chassis": ROOT / "chassis",
    "throughgate": ROOT / "throughgate",
    "caseload": ROOT / "services/caseload/caseload",
    "release_notify": ROOT / "services/release-notify/release_notify",
    "referral": ROOT / "services/referral/referral",
    "consent": ROOT / "services/consent/consent",
    "audit": ROOT / "services/audit/audit",
    "gateway": ROOT / "services/gateway/gateway",
}
SERVICES = ("caseload", "release_notify", "referral", "consent", "audit", "gateway")


def files(*packages: str) -> list[Path]:
    """The Python files of these packages; of all of them without arguments."""
    return [path for name in packages or PACKAGES for path in sorted(PACKAGES[name].rglob("*.py"))]


def test_files() -> list[Path]:
    return sorted((ROOT / "tests").rglob("*.py"))


test_files.__test__ = False  # type: ignore[attr-defined]


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def name_of(path: Path) -> str:
    """The dotted name under which the file is imported."""
    package, folder = next((name, folder) for name, folder in PACKAGES.items() if path.is_relative_to(folder))
    parts = path.relative_to(folder).with_suffix("").parts
    return ".".join((package, *(part for part in parts if part != "__init__")))


def where(path: Path, node: ast.AST | None = None) -> str:
    """`path:line`, from the repository's root."""
    line = getattr(node, "lineno", None)
    return f"{path.relative_to(ROOT)}:{line}" if line else str(path.relative_to(ROOT))


def imported(path: Path) -> set[str]:
    """Every module that the file imports anywhere, by dotted name; of `from a import b` both `a` and `a.b`."""
    found: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def modules(*packages: str) -> Iterator[ModuleType]:
    """The imported modules of these packages, without migrations (Alembic alone can run them)."""
    for path in files(*packages):
        if "migrations" not in path.parts and path.name != "__main__.py":
            yield importlib.import_module(name_of(path))


def calls(path: Path, function: str) -> Iterator[ast.Call]:
    """Calls of a function or method by its last name."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", None)
            if called == function:
                yield node
