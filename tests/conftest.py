"""The fixtures every test may use; what each promises stands in tests/support."""

import gc
import os

from hypothesis import Phase, settings

from tests.support.broker import (
    broker,
    embedded_server,
    kafka_bootstrap,
    kafka_broker,
    kafka_node,
    make_broker,
    pytest_generate_tests,
)
from tests.support.order import pytest_collection_modifyitems, pytest_xdist_make_scheduler
from tests.support.postgres import fresh_database, make_database, make_empty_database, pg_server
from tests.support.stack import make_stack, stack

__all__ = [
    "broker",
    "embedded_server",
    "fresh_database",
    "kafka_bootstrap",
    "kafka_broker",
    "kafka_node",
    "make_broker",
    "make_database",
    "make_empty_database",
    "make_stack",
    "pg_server",
    "pytest_collection_modifyitems",
    "pytest_generate_tests",
    "pytest_xdist_make_scheduler",
    "stack",
]

settings.register_profile("found-is-enough", phases=[Phase.explicit, Phase.generate])
"""For who asks only whether a suite is red: making what it found smaller takes longer than finding it."""
if profile := os.environ.get("HYPOTHESIS_PROFILE"):
    settings.load_profile(profile)


def pytest_configure() -> None:
    """A process that is told nothing takes itself to be in production."""
    os.environ["THROUGHGATE_ENVIRONMENT"] = "test"


def pytest_collection_finish() -> None:
    """What was collected stays: to look through it at each full collection takes a tenth of the unit tests' time."""
    gc.freeze()
