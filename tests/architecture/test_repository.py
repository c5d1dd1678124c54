"""The repository names no package registry and no folder of anybody's machine."""

import re
from pathlib import Path

from tests.support.source import ROOT

SKIPPED = {".git", ".venv", ".cache", ".throughgate", ".hypothesis", "__pycache__", "node_modules", "build", "dist"}
SKIPPED |= {".mypy_cache", ".ruff_cache", ".import_linter_cache"}
REGISTRIES: list[tuple[str, ...]] = [
    ("pypi", "org"),
    ("pythonhosted", "org"),
    ("npmjs", "org"),
    ("npmjs", "com"),
    ("yarnpkg", "com"),
    ("repo1", "maven", "org"),
    ("repo", "maven", "apache", "org"),
]
ADDRESS = re.compile("|".join(re.escape(".".join(parts)) for parts in REGISTRIES) + r"|index-url +[a-z]+:")
MACHINE = re.compile(r"(?<![\w.>)}\]-])/(?:root|work|Users|home/[a-z]+)/[\w.]")
LOCKS = {"uv.lock", "pylock.toml", "package-lock.json", "poetry.lock"}
"""They hold the addresses that their packages came from."""


def texts() -> dict[str, str]:
    found = {}
    for path in sorted(ROOT.rglob("*")):
        inside = path.relative_to(ROOT)
        if path.is_file() and not SKIPPED & set(inside.parts) and inside.suffix not in {".pyc", ".png", ".woff2"}:
            found[str(inside)] = path.read_text(encoding="utf-8", errors="replace")
    return found


def naming(pattern: re.Pattern[str], found: dict[str, str]) -> list[str]:
    return [
        f"{name}:{number}"
        for name, text in found.items()
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]


def test_no_registry_is_named() -> None:
    assert naming(ADDRESS, {"made-up": f"see https://{'files.pythonhosted'}.org/x"}) == ["made-up:1"]
    assert naming(ADDRESS, texts()) == []


def test_no_machine_is_named() -> None:
    assert naming(MACHINE, {"made-up": f"cd {Path('/') / 'root' / 'x'}"}) == ["made-up:1"]
    assert naming(MACHINE, texts()) == []


def test_no_lock_file_with_addresses_is_kept() -> None:
    assert [name for name in texts() if Path(name).name in LOCKS] == []
