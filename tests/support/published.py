"""Published data that nobody here made up, beside the checkout; tests that use it skip where it is missing."""

import os
from pathlib import Path

import pytest

_FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data"


def published(name: str) -> Path:
    """The file, or a skipped test; in CI a missing file fails."""
    path = _FOLDER / name
    if not path.is_file():
        if os.environ.get("CI") == "true":
            pytest.fail(f"the published file {name} is missing")
        pytest.skip(f"the published file {name} is not beside this checkout", allow_module_level=True)
    return path
