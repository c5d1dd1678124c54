"""Time runs ahead only where made-up people live."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from chassis import clock
from chassis.settings import Environment, Settings


@pytest.fixture
def own_time() -> Iterator[None]:
    yield
    clock.configure(Settings(environment=Environment.TEST))


@pytest.mark.usefixtures("own_time")
def test_a_test_may_let_time_run_ahead() -> None:
    clock.configure(Settings(environment=Environment.TEST, clock_ahead_s=3600))
    assert timedelta(minutes=59) < clock.now() - datetime.now(UTC) <= timedelta(hours=1)


def test_production_has_the_machine_s_time() -> None:
    with pytest.raises(ValidationError, match="CLOCK_AHEAD"):
        Settings(environment=Environment.PRODUCTION, cursor_key="made up", audience="made-up", clock_ahead_s=1)
