"""What a test needs and this machine may not have."""

import os
from typing import NoReturn

import pytest


def missing(what: str) -> NoReturn:
    """The test, or a module that is being read, is skipped; in CI it fails."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI has everything: {what}")
    pytest.skip(what, allow_module_level=True)
